// What the files that make trees share; private to this room.
#pragma once

#include <cstddef>

#include "wafersim/config/tree.hpp"

namespace wafersim {

// Bounds on what a file may hold, so that a hostile one costs neither the stack nor the memory. The largest
// honest file, the graph of a model with a thousand layers, stays below a tenth of each.
inline constexpr std::size_t kDeepest = 64;
inline constexpr std::size_t kLargestFile = std::size_t{16} << 20U;
inline constexpr std::size_t kMostOpenBrackets = 10'000;
inline constexpr std::size_t kMostValues = 1'000'000;
inline constexpr std::size_t kMostProblems = 100;

// Lays `over` on `base`: maps merge key by key, anything else replaces.
void merge_over(Tree& base, Tree&& over);

}  // namespace wafersim
