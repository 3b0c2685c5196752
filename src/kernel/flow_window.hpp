// What windows over an image need from neighbouring PEs.
#pragma once

#include <cstdint>

#include "wafersim/kernel/flow.hpp"

namespace wafersim::flow {

struct Halo {
  std::uint64_t own;      // input positions of the fullest PE
  std::uint64_t fetched;  // more of them under its windows, at most
  std::uint64_t hops;     // rows of PEs over which these lie
};

// Positions lie in the order of the image, row by row, in equal shares on neighbouring PEs of a column.
[[nodiscard]] Halo halo_of(const FlowContext& context, const ConvolutionTask& task);

}  // namespace wafersim::flow
