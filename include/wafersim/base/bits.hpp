// Counting bits without a call, where the compiler may not take the host's instruction for granted.
#pragma once

#include <cstdint>

namespace wafersim {

[[nodiscard]] constexpr std::uint32_t count_bits(std::uint64_t word) {
  word -= word >> 1U & 0x5555'5555'5555'5555;
  word = (word & 0x3333'3333'3333'3333) + (word >> 2U & 0x3333'3333'3333'3333);
  word = (word + (word >> 4U)) & 0x0f0f'0f0f'0f0f'0f0f;
  return static_cast<std::uint32_t>(word * 0x0101'0101'0101'0101 >> 56U);
}

}  // namespace wafersim
