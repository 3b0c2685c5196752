// The weight-streaming matrix product: forward (and delta, transposed) and gradient.
#include <algorithm>
#include <utility>

#include "wafersim/kernel/ws_flow.hpp"

#include "kernel/flow_common.hpp"

namespace wafersim {

using namespace flow;

KernelCost operator+(const KernelCost& a, const KernelCost& b) {
  return {.compute = a.compute + b.compute,
          .fabric = a.fabric + b.fabric,
          .hidden = a.hidden + b.hidden,
          .saved = a.saved + b.saved,
          .fill = a.fill + b.fill,
          .fmacs = a.fmacs + b.fmacs,
          .fmacs_of_zeros = a.fmacs_of_zeros + b.fmacs_of_zeros,
          .fmacs_filtered = a.fmacs_filtered + b.fmacs_filtered,
          .wavelet_hops = a.wavelet_hops + b.wavelet_hops,
          .sram_accesses = a.sram_accesses + b.sram_accesses};
}

MatrixShape MatrixShape::transposed() const {
  MatrixShape other = *this;
  std::swap(other.in, other.out);
  return other;
}

namespace {

KernelCost at_least(std::uint64_t cycles) {
  KernelCost cost;
  cost.compute = Cycles{cycles};
  return cost;
}

// Busy cycles of a product, by its closed form or, where the context says so, by the mesh. The timer is asked
// for a program that filters just these zeros.
KernelCost busy_time(const FlowContext& c, const MatrixShape& shape, ProductPass pass, const RowTime& row,
                     const DeltaZeros& filtered) {
  std::uint64_t total = row.total;
  MatrixShape asked = shape;
  asked.zeros = filtered;
  if (c.timer != nullptr) total = c.timer->time(c, asked, pass, total).value_or(total);
  KernelCost cost;
  cost.compute = Cycles{std::min(row.products, total)};
  cost.fabric = Cycles{total} - cost.compute;
  cost.hidden = Cycles{row.chain - std::min(row.chain, cost.fabric.count())};
  return cost;
}

// Wavelets of a token row's deltas of one output feature: an indexed one each, on average, where zeros are
// filtered.
std::uint64_t sent_deltas(const FlowContext& c, const DeltaZeros& filtered) {
  const std::uint64_t tokens = c.layout.tokens_per_pe();
  if (filtered.share.billionths == 0) return wavelets(c, tokens, operand_bytes(c.arithmetic));
  return tokens - multiply_divide_down(tokens, filtered.share.billionths, Fraction::kOne);
}

}  // namespace

KernelCost linear_forward(const FlowContext& c, const MatrixShape& shape) {
  const std::uint64_t columns = c.layout.columns_used(shape.in);
  const std::uint64_t partial = wavelets(c, c.layout.tokens_per_pe(), accumulator_bytes(c.arithmetic));
  if (c.estimate == Estimate::at_least) return at_least(row_time_at_least(c, shape));
  KernelCost cost = busy_time(c, shape, ProductPass::forward, row_time(c, shape), {});
  cost.fill = Cycles{edge_to_farthest(c) + reduction_tail(c, shape)};
  cost.fmacs = shape.kept * c.layout.tokens();
  cost.sram_accesses = cost.fmacs * sram_bytes_per_fmac(c.arithmetic);
  const std::uint64_t weight_wavelets = divide_up(shape.kept, shape.weights_per_wavelet);
  const std::uint64_t rows = c.layout.token_rows() * c.layout.mapping().groups;
  cost.wavelet_hops =
      weight_wavelets * (c.wafer.grid.columns / 2 + rows) + shape.out * partial * (columns - 1) * rows;
  return cost;
}

KernelCost linear_gradient(const FlowContext& c, const MatrixShape& shape) {
  const std::uint64_t columns = c.layout.columns_used(shape.in);
  if (c.estimate == Estimate::at_least) return at_least(gradient_time_at_least(c, shape));
  const GradientPlan plan = gradient_plan(c, shape);
  const DeltaZeros filtered = plan.saved > 0 ? shape.zeros : DeltaZeros{};
  KernelCost cost = busy_time(c, shape, ProductPass::gradient, plan.time, filtered);
  cost.saved = Cycles{plan.saved};
  cost.fill = Cycles{edge_to_farthest(c) + gradient_tail(c, shape, plan.style)};
  cost.fmacs = shape.kept * c.layout.tokens();
  cost.fmacs_filtered = multiply_divide_down(cost.fmacs, filtered.share.billionths, Fraction::kOne);
  cost.sram_accesses = (cost.fmacs - cost.fmacs_filtered) * sram_bytes_per_fmac(c.arithmetic);
  const std::uint64_t delta = sent_deltas(c, filtered);
  const std::uint64_t rows = c.layout.token_rows() * c.layout.mapping().groups;
  cost.wavelet_hops = shape.out * delta * columns * rows + shape.kept * (rows + c.wafer.grid.columns / 2);
  return cost;
}

}  // namespace wafersim
