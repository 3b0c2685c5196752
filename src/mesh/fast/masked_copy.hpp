// Moves the values of up to 64 PEs at once, where a bit of the mask says so. The only SIMD of the engine.
#pragma once

#include <cstdint>

namespace wafersim::fast {

// to[i] = from[i] for each set bit i. Both must have 64 elements; they may overlap only if they are equal.
using MaskedCopy = void (*)(std::uint32_t* to, const std::uint32_t* from, std::uint64_t mask);

// The widest version that this machine can run.
[[nodiscard]] MaskedCopy best_masked_copy();
// One element at a time, for comparison.
void plain_masked_copy(std::uint32_t* to, const std::uint32_t* from, std::uint64_t mask);

}  // namespace wafersim::fast
