// Pools, moves and normalisations over positions; and the neighbours that a window needs.
#include "kernel/flow_window.hpp"

#include <algorithm>

#include "kernel/flow_common.hpp"

namespace wafersim {

using namespace flow;

namespace flow {

Halo halo_of(const FlowContext& c, const ConvolutionTask& task) {
  const std::uint64_t outputs = c.layout.tokens_per_pe();
  const std::uint64_t of_image = task.result.positions();
  const std::uint64_t whole = outputs / of_image;
  const std::uint64_t rest = outputs % of_image;
  std::uint64_t needed = whole * task.image.positions();
  if (rest > 0) {
    // So many neighbouring outputs touch at most this many rows of the result.
    const std::uint64_t rows = std::min(task.result.height, divide_up(rest - 1, task.result.width) + 1);
    const std::uint64_t columns = std::min(task.result.width, rest);
    const std::uint64_t high =
        std::min(task.image.height, (rows - 1) * task.stride.height + task.reach.height);
    const std::uint64_t wide =
        rows > 1 ? task.image.width
                 : std::min(task.image.width, (columns - 1) * task.stride.width + task.reach.width);
    needed += std::min(high * wide, rest * task.taps());
  }
  const std::uint64_t own = c.layout.with_tokens(task.images * task.image.positions()).tokens_per_pe();
  const std::uint64_t fetched = needed > own ? needed - own : 0;
  return {.own = own, .fetched = fetched, .hops = divide_up(fetched, own)};
}

}  // namespace flow

namespace {

// PEs of a column that share the positions of one image.
std::uint64_t pes_of_image(const FlowContext& c, std::uint64_t positions) {
  return std::min(divide_up(positions, c.layout.tokens_per_pe()), c.layout.token_rows());
}

// The whole image is one window: every PE adds up its own positions, then the PEs of the image add up theirs.
bool is_global(const ConvolutionTask& task) {
  return task.result.positions() == 1 && task.taps() >= task.image.positions();
}

KernelCost global_pool(const FlowContext& c, const ConvolutionTask& task) {
  FlowContext inputs = c;
  inputs.layout = c.layout.with_tokens(task.images * task.image.positions());
  const std::uint64_t pes = pes_of_image(inputs, task.image.positions());
  const std::uint64_t sums = wavelets(c, c.layout.features_per_pe(task.in), 4);
  KernelCost cost;
  cost.compute = Cycles{one_sweep(inputs, task.in)};
  if (pes > 1) {
    cost.fabric = Cycles{sums + c.wafer.pe.task_dispatch};
    cost.fill = Cycles{chain_step(c.wafer.fabric) * (pes - 1)};
    cost.wavelet_hops = wavelets(c, task.in, 4) * (pes - 1) * task.images;
  }
  return cost;
}

// All-reduce of two sums for each feature of a PE over `pes` PEs of its column, and over the column groups.
KernelCost feature_statistics(const FlowContext& c, std::uint64_t features, std::uint64_t pes,
                              std::uint64_t groups) {
  const std::uint64_t sums = 2 * c.layout.features_per_pe(features);
  KernelCost cost;
  cost.fabric = Cycles{chain_all_reduce(c, sums, pes) + chain_all_reduce(c, sums, groups)};
  const std::uint64_t links = pes - 1 + (groups - 1);
  cost.wavelet_hops = 2 * wavelets(c, 2 * features, 4) * links;
  return cost;
}

Cycles sweeps(const FlowContext& c, std::uint64_t features, std::uint64_t count) {
  return Cycles{count * one_sweep(c, features)};
}

}  // namespace

KernelCost pool_forward(const FlowContext& c, const ConvolutionTask& task) {
  if (is_global(task)) return global_pool(c, task);
  // One comparison or addition for each tap of each output.
  const Halo halo = halo_of(c, task);
  KernelCost cost;
  cost.compute = sweeps(c, task.in, task.taps());
  const std::uint64_t fetched =
      wavelets(c, halo.fetched * c.layout.features_per_pe(task.in), operand_bytes(c.arithmetic));
  cost.fabric = Cycles{fetched};
  cost.fill = Cycles{halo.hops * c.wafer.fabric.hop_latency};
  cost.wavelet_hops = fetched * halo.hops * c.layout.token_rows() * c.layout.feature_columns();
  return cost;
}

KernelCost pool_backward(const FlowContext& c, const ConvolutionTask& task) {
  // The same way back: deltas go to the taps they came from.
  return pool_forward(c, task);
}

KernelCost move_forward(const FlowContext& c, std::uint64_t features) {
  const std::uint64_t elements = c.layout.tokens_per_pe() * c.layout.features_per_pe(features);
  KernelCost cost;
  cost.compute = sweeps(c, features, 1);
  cost.fabric = Cycles{wavelets(c, elements, operand_bytes(c.arithmetic))};
  cost.fill = Cycles{edge_to_farthest(c)};
  // On average a third of the way along each side of the grid.
  cost.wavelet_hops = wavelets(c, c.layout.tokens() * features, operand_bytes(c.arithmetic)) *
                      divide_up(c.wafer.grid.columns + c.wafer.grid.rows, 3);
  return cost;
}

KernelCost batch_norm_forward(const FlowContext& c, std::uint64_t features) {
  // A sweep for each of two sums, then scale and shift; one inverse square root for each feature.
  KernelCost cost = feature_statistics(c, features, c.layout.token_rows(), c.layout.mapping().groups);
  cost.compute =
      sweeps(c, features, 4) + Cycles{c.layout.features_per_pe(features) * c.wafer.pe.divide_cycles};
  return cost;
}

KernelCost batch_norm_backward(const FlowContext& c, std::uint64_t features) {
  // Two sums again, which are the gradients of bias and gain as well; three sweeps for the delta.
  KernelCost cost = feature_statistics(c, features, c.layout.token_rows(), c.layout.mapping().groups);
  cost.compute = sweeps(c, features, 5);
  return cost;
}

KernelCost image_norm_forward(const FlowContext& c, std::uint64_t features, std::uint64_t groups,
                              std::uint64_t positions) {
  KernelCost cost = feature_statistics(c, features, pes_of_image(c, positions), 1);
  // The channels of a group lie side by side, as many on a PE as of all channels.
  const std::uint64_t columns = divide_up(divide_up(features, groups), c.layout.features_per_pe(features));
  cost.fabric += Cycles{chain_all_reduce(c, 2, columns)};
  cost.compute = sweeps(c, features, 4) + Cycles{c.wafer.pe.divide_cycles};
  return cost;
}

KernelCost image_norm_backward(const FlowContext& c, std::uint64_t features, std::uint64_t groups,
                               std::uint64_t positions, std::uint64_t vectors) {
  KernelCost cost = image_norm_forward(c, features, groups, positions);
  cost.compute = sweeps(c, features, 5 + vectors);
  const std::uint64_t rows = c.layout.token_rows();
  if (rows > 1 && vectors > 0) {
    cost.fabric += Cycles{wavelets(c, vectors * c.layout.features_per_pe(features), 4)};
    cost.fill += Cycles{chain_step(c.wafer.fabric) * (rows - 1)};
  }
  return cost;
}

}  // namespace wafersim
