// The parts of the machine that a step's time can be spent on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wafersim {

enum class Part : std::uint8_t { compute, fabric, io, swarmx, dram, flash, update, fill };

inline constexpr std::size_t kParts = 8;
inline constexpr std::array<Part, kParts> kAllParts{Part::compute, Part::fabric, Part::io,     Part::swarmx,
                                                    Part::dram,    Part::flash,  Part::update, Part::fill};

[[nodiscard]] constexpr std::size_t index_of(Part part) {
  return static_cast<std::size_t>(part);
}

[[nodiscard]] constexpr std::string_view to_string(Part part) {
  constexpr std::array<std::string_view, kParts> kNames{"compute", "fabric", "io",     "swarmx",
                                                        "dram",    "flash",  "update", "fill"};
  return kNames[index_of(part)];
}

}  // namespace wafersim
