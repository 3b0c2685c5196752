// Layers without a matrix product: normalisation, elementwise functions, embedding, loss.
#include "kernel/flow_common.hpp"

namespace wafersim {

using namespace flow;

namespace {

std::uint64_t row_all_reduce(const FlowContext& c, std::uint64_t features, std::uint64_t statistics) {
  return chain_all_reduce(c, statistics * c.layout.tokens_per_pe(), c.layout.columns_used(features));
}

// Hops of an all-reduce along every row: each statistic travels there and back.
std::uint64_t row_hops(const FlowContext& c, std::uint64_t features, std::uint64_t statistics) {
  return 2 * statistics * c.layout.tokens() * (c.layout.columns_used(features) - 1);
}

}  // namespace

KernelCost norm_forward(const FlowContext& c, std::uint64_t features, std::uint64_t statistics) {
  // One sweep per statistic, then scale and shift; one inverse square root per token.
  KernelCost cost;
  cost.compute =
      Cycles{(statistics + 2) * one_sweep(c, features) + c.layout.tokens_per_pe() * c.wafer.pe.divide_cycles};
  cost.fabric = Cycles{row_all_reduce(c, features, statistics)};
  cost.wavelet_hops = row_hops(c, features, statistics);
  return cost;
}

KernelCost norm_backward(const FlowContext& c, std::uint64_t features, std::uint64_t statistics,
                         std::uint64_t vectors) {
  // Two sums per token, three sweeps for the delta, one sweep for each gradient of a gain or bias vector,
  // whose partial sums then go down the columns.
  KernelCost cost;
  cost.compute = Cycles{(statistics + 3 + vectors) * one_sweep(c, features)};
  const std::uint64_t rows = c.layout.token_rows();
  const std::uint64_t sums = rows > 1 ? vectors * c.layout.features_per_pe(features) : 0;
  cost.fabric = Cycles{row_all_reduce(c, features, statistics) + wavelets(c, sums, 4)};
  cost.fill = Cycles{vectors > 0 ? chain_step(c.wafer.fabric) * (rows - 1) : 0};
  cost.wavelet_hops =
      row_hops(c, features, statistics) + vectors * features * rows * c.layout.mapping().groups;
  return cost;
}

KernelCost elementwise(const FlowContext& c, const ElementwiseTask& task) {
  const std::uint64_t elements = c.layout.tokens_per_pe() * c.layout.features_per_pe(task.features);
  return {.compute = Cycles{task.vector_operations * one_sweep(c, task.features) +
                            elements * task.cycles_per_element},
          .fabric = {},
          .hidden = {},
          .fill = {}};
}

KernelCost embedding_forward(const FlowContext& c, std::uint64_t rows, std::uint64_t features,
                             std::uint64_t weights_per_wavelet) {
  const std::uint64_t passing = rows * divide_up(c.layout.features_per_pe(features), weights_per_wavelet);
  KernelCost cost;
  cost.compute = Cycles{one_sweep(c, features)};
  cost.fabric = Cycles{passing};
  cost.fill = Cycles{edge_to_farthest(c)};
  const std::uint64_t all_rows = c.layout.token_rows() * c.layout.mapping().groups;
  cost.wavelet_hops = divide_up(rows * features, weights_per_wavelet) * (c.wafer.grid.columns / 2 + all_rows);
  return cost;
}

KernelCost embedding_gradient(const FlowContext& c, std::uint64_t rows, std::uint64_t features) {
  KernelCost cost;
  cost.compute = Cycles{one_sweep(c, features)};
  const std::uint64_t pes_below = c.layout.token_rows();
  if (pes_below > 1) cost.fabric = Cycles{wavelets(c, rows * c.layout.features_per_pe(features), 4)};
  cost.fill = Cycles{edge_to_farthest(c) + chain_step(c.wafer.fabric) * (pes_below - 1)};
  cost.wavelet_hops = rows * features * (pes_below * c.layout.mapping().groups + c.wafer.grid.columns / 2);
  return cost;
}

KernelCost loss_forward(const FlowContext& c, std::uint64_t features) {
  // Largest logit and sum of exponentials along the row, one logarithm (counted as a division) per token.
  const std::uint64_t elements = c.layout.tokens_per_pe() * c.layout.features_per_pe(features);
  KernelCost cost;
  cost.compute = Cycles{2 * one_sweep(c, features) + elements * c.wafer.pe.exponential_cycles +
                        c.layout.tokens_per_pe() * c.wafer.pe.divide_cycles};
  cost.fabric = Cycles{row_all_reduce(c, features, 2)};
  cost.wavelet_hops = row_hops(c, features, 2);
  return cost;
}

KernelCost loss_backward(const FlowContext& c, std::uint64_t features) {
  return elementwise(c, {.features = features, .vector_operations = 2, .cycles_per_element = 0});
}

}  // namespace wafersim
