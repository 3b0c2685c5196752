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
          .fill = a.fill + b.fill,
          .fmacs = a.fmacs + b.fmacs,
          .wavelet_hops = a.wavelet_hops + b.wavelet_hops,
          .sram_accesses = a.sram_accesses + b.sram_accesses};
}

MatrixShape MatrixShape::transposed() const {
  MatrixShape other = *this;
  std::swap(other.in, other.out);
  return other;
}

namespace {

// Weights on the critical path of the fullest column over all output features.
std::uint64_t weights_of_slowest_column(const FlowContext& c, const MatrixShape& shape) {
  const std::uint64_t features = c.layout.features_per_pe(shape.in);
  if (shape.mask == nullptr) return features * shape.out;
  return shape.mask->slowest_column(features, c.wafer.pe.accumulators, shape.out);
}

std::uint64_t kept_per_column(const FlowContext& c, const MatrixShape& shape) {
  return divide_up(shape.kept, c.layout.columns_used(shape.in));
}

}  // namespace

KernelCost linear_forward(const FlowContext& c, const MatrixShape& shape) {
  const std::uint64_t t = c.layout.tokens_per_pe();
  const std::uint64_t columns = c.layout.columns_used(shape.in);
  const std::uint64_t partial = wavelets(c, t, accumulator_bytes(c.arithmetic));

  KernelCost cost;
  if (c.estimate == Estimate::at_least) {
    cost.compute = Cycles{row_time_at_least(c, shape)};
  } else {
    const RowTime row = row_time(c, shape);
    cost.compute = Cycles{row.products};
    cost.fabric = Cycles{row.total - row.products};
    cost.hidden = Cycles{row.chain - std::min(row.chain, cost.fabric.count())};
  }
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
  const PeSpec& pe = c.wafer.pe;
  const std::uint64_t t = c.layout.tokens_per_pe();
  const std::uint64_t features = c.layout.features_per_pe(shape.in);
  const std::uint64_t columns = c.layout.columns_used(shape.in);
  const std::uint64_t delta = wavelets(c, t, operand_bytes(c.arithmetic));

  // Either one dot product over the tokens for each kept weight, after the deltas are stored, or, when
  // nothing is pruned, each arriving delta scales the PE's row of features.
  const std::uint64_t kept =
      shape.mask == nullptr ? features * shape.out : weights_of_slowest_column(c, shape);
  const std::uint64_t by_weight = kept * (vector_cycles(c, t) + pe.wavelet_overhead) + shape.out * delta;
  const std::uint64_t by_delta = shape.out * (t * vector_cycles(c, features) + delta * pe.wavelet_overhead);

  KernelCost cost;
  cost.compute = Cycles{shape.mask == nullptr ? std::min(by_weight, by_delta) : by_weight};
  const std::uint64_t rows = c.layout.token_rows();
  const std::uint64_t sums =
      wavelets(c, kept_per_column(c, shape), 4);  // FP32 partial sums going down the columns
  if (rows > 1) cost.fabric = Cycles{sums + shape.out * pe.task_dispatch};
  cost.fill =
      Cycles{edge_to_farthest(c) + chain_step(c.wafer.fabric) * (rows - 1 + c.layout.mapping().groups - 1)};
  cost.fmacs = shape.kept * c.layout.tokens();
  cost.sram_accesses = cost.fmacs * sram_bytes_per_fmac(c.arithmetic);
  const std::uint64_t all_rows = rows * c.layout.mapping().groups;
  cost.wavelet_hops =
      shape.out * delta * columns * all_rows + shape.kept * (all_rows + c.wafer.grid.columns / 2);
  return cost;
}

}  // namespace wafersim
