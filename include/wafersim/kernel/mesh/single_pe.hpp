// The programs that measure one PE on its own.
#pragma once

#include <cstdint>

#include "wafersim/mesh/parameters.hpp"

namespace wafersim {

enum class Banks : std::uint8_t { apart, together };

// Cycles of one FP32 addition of two vectors in memory, from issue to the last element.
[[nodiscard]] std::uint64_t vector_cycles(std::uint32_t length, Banks banks,
                                          const MeshParameters& parameters = {});

// Cycles that one round of a loop takes around an FP32 multiply-accumulate into memory.
[[nodiscard]] std::uint64_t accumulate_cycles(std::uint32_t length, const MeshParameters& parameters = {});

}  // namespace wafersim
