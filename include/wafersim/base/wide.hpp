// Exact arithmetic in 128 bits: the only place where a product or a quotient is rounded.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "wafersim/base/quantity.hpp"

namespace wafersim {

__extension__ using Wide = unsigned __int128;
__extension__ using SignedWide = __int128;

[[nodiscard]] constexpr std::uint64_t narrow(Wide value) {
  if (value > std::numeric_limits<std::uint64_t>::max()) throw QuantityOverflow{"a result exceeds 64 bits"};
  return static_cast<std::uint64_t>(value);
}

// a·b/c, rounded up; c must not be zero.
[[nodiscard]] constexpr std::uint64_t multiply_divide_up(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return narrow((static_cast<Wide>(a) * b + (c - 1)) / c);
}

// a·b/c, rounded down; c must not be zero.
[[nodiscard]] constexpr std::uint64_t multiply_divide_down(std::uint64_t a, std::uint64_t b,
                                                           std::uint64_t c) {
  return narrow(static_cast<Wide>(a) * b / c);
}

[[nodiscard]] constexpr std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
  return a / b + static_cast<std::uint64_t>(a % b != 0);
}

[[nodiscard]] std::string to_decimal(Wide value);

}  // namespace wafersim
