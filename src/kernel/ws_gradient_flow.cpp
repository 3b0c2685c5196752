// The walk of a PE through the gradient pass, and what the columns of a row cost each other.
#include "wafersim/kernel/ws_flow.hpp"

#include <algorithm>
#include <vector>

#include "kernel/flow_common.hpp"

namespace wafersim {

using namespace flow;

RowTime gradient_time(const FlowContext& c, const MatrixShape& shape, GradientStyle style) {
  (void)c; (void)shape; (void)style;
  return {.total = 1};
}
RowTime gradient_time(const FlowContext& c, const MatrixShape& shape) {
  return gradient_time(c, shape, gradient_style(c, shape));
}
GradientStyle gradient_style(const FlowContext& c, const MatrixShape& shape) {
  (void)c; (void)shape;
  return GradientStyle::by_delta;
}
std::uint64_t gradient_tail(const FlowContext&, const MatrixShape&, GradientStyle) { return 1; }

}  // namespace wafersim
