// Convolution as an implicit matrix product: weights stream, output positions are the tokens.
#include <algorithm>

#include "kernel/flow_common.hpp"
#include "kernel/flow_window.hpp"

namespace wafersim {

using namespace flow;

namespace {

// How the channels that a product adds up over lie on the columns.
struct ChannelShare {
  std::uint64_t channels;  // per PE
  std::uint64_t spread;    // columns that share the taps of one channel
  std::uint64_t weights;   // that pass the fullest PE
  std::uint64_t sums;      // other channels whose partial sums a PE takes part in
  std::uint64_t chain;     // columns over which one of these is added up
};

// Fewer channels than columns: several columns hold the same channel, each with some of its taps.
std::uint64_t columns_of_channel(const TokenLayout& layout, const ConvolutionTask& task,
                                 std::uint64_t channels) {
  return std::clamp<std::uint64_t>(layout.feature_columns() / channels, 1, task.taps());
}

// `summed` channels are added up, `made` channels come out.
ChannelShare share_of(const FlowContext& c, const ConvolutionTask& task, std::uint64_t summed,
                      std::uint64_t made, const MaskSample* mask) {
  ChannelShare share{};
  share.channels = c.layout.features_per_pe(summed);
  share.spread = columns_of_channel(c.layout, task, summed);
  const std::uint64_t taps = divide_up(task.taps(), share.spread);
  const std::uint64_t in_group = summed / task.groups;
  const std::uint64_t groups_here = divide_up(share.channels, in_group);
  share.sums = made / task.groups * groups_here;
  share.chain = divide_up(in_group, share.channels) * share.spread;
  share.weights = share.channels * taps * (made / task.groups);
  if (mask != nullptr) {
    share.weights =
        mask->slowest_column(std::min(share.channels, in_group) * taps, c.wafer.pe.accumulators, share.sums);
  }
  return share;
}

std::uint64_t hops_of_weights(const FlowContext& c, const ConvolutionTask& task) {
  const std::uint64_t rows = c.layout.token_rows() * c.layout.mapping().groups;
  return divide_up(task.kept, task.weights_per_wavelet) * (c.wafer.grid.columns / 2 + rows);
}

std::uint64_t multiply_adds(const ConvolutionTask& task) {
  return task.kept * task.result.positions() * task.images;
}

// The product of one pass. Each PE multiplies `t` output positions with every weight that passes; what is
// added up along the row are `partial_positions` sums of each channel that comes out.
KernelCost product(const FlowContext& c, const ConvolutionTask& task, const ChannelShare& share,
                   std::uint64_t partial_positions) {
  const PeSpec& pe = c.wafer.pe;
  const std::uint64_t t = c.layout.tokens_per_pe();
  const std::uint64_t partial = wavelets(c, partial_positions, accumulator_bytes(c.arithmetic));
  KernelCost cost;
  cost.compute = Cycles{share.weights * vector_cycles(c, t) +
                        divide_up(share.weights, task.weights_per_wavelet) * pe.wavelet_overhead};
  cost.fill = Cycles{edge_to_farthest(c)};
  cost.fmacs = multiply_adds(task);
  cost.sram_accesses = cost.fmacs * sram_bytes_per_fmac(c.arithmetic);
  cost.wavelet_hops = hops_of_weights(c, task);
  if (share.chain > 1) {
    const std::uint64_t rows = c.layout.token_rows() * c.layout.mapping().groups;
    cost.fabric = Cycles{share.sums * (partial + pe.task_dispatch)};
    cost.fill += Cycles{chain_step(c.wafer.fabric) * (share.chain - 1) + partial};
    cost.wavelet_hops += share.sums * partial * (share.chain - 1) * rows;
  }
  return cost;
}

// Every PE fetches what its windows need of its neighbours; columns that share a channel need all of it.
KernelCost fetch(const FlowContext& c, const ConvolutionTask& task, const ChannelShare& share,
                 std::uint64_t bytes) {
  const Halo halo = halo_of(c, task);
  const std::uint64_t own = share.spread > 1 ? halo.own : 0;
  const std::uint64_t received = wavelets(c, (halo.fetched + own) * share.channels, bytes);
  KernelCost cost;
  cost.fabric = Cycles{received};
  cost.fill = Cycles{halo.hops * c.wafer.fabric.hop_latency};
  cost.wavelet_hops = received * halo.hops * c.layout.token_rows() * c.layout.feature_columns();
  return cost;
}

// One tap on every position is a linear layer on channels.
bool is_linear(const ConvolutionTask& task) {
  return task.groups == 1 && task.taps() == 1 && task.image.positions() == task.result.positions();
}
MatrixShape matrix_of(const ConvolutionTask& task) {
  return {.in = task.in,
          .out = task.out,
          .kept = task.kept,
          .mask = task.mask,
          .weights_per_wavelet = task.weights_per_wavelet,
          .zeros = task.zeros};
}

}  // namespace

std::uint64_t convolution_columns(const TokenLayout& layout, const ConvolutionTask& task) {
  const std::uint64_t spread = columns_of_channel(layout, task, task.in);
  return std::min(layout.feature_columns(), layout.columns_used(task.in) * spread);
}

std::uint64_t convolution_inputs(const TokenLayout& layout, const ConvolutionTask& task) {
  const std::uint64_t channels = std::min(layout.features_per_pe(task.in), task.in / task.groups);
  return channels * divide_up(task.taps(), columns_of_channel(layout, task, task.in));
}

KernelCost convolution_forward(const FlowContext& c, const ConvolutionTask& task) {
  if (is_linear(task)) return linear_forward(c, matrix_of(task));
  const ChannelShare share = share_of(c, task, task.in, task.out, task.mask);
  return product(c, task, share, c.layout.tokens_per_pe()) +
         fetch(c, task, share, operand_bytes(c.arithmetic));
}

KernelCost convolution_delta(const FlowContext& c, const ConvolutionTask& task) {
  if (is_linear(task)) {
    MatrixShape matrix = matrix_of(task).transposed();
    matrix.mask = task.transposed_mask;
    return linear_forward(c, matrix);
  }
  // Each PE spreads its output deltas over the inputs under their windows; sums that belong to neighbours
  // travel there.
  const ChannelShare share = share_of(c, task, task.out, task.in, task.transposed_mask);
  const Halo halo = halo_of(c, task);
  KernelCost cost = product(c, task, share, halo.own + halo.fetched);
  const std::uint64_t sums =
      wavelets(c, halo.fetched * c.layout.features_per_pe(task.in), accumulator_bytes(c.arithmetic));
  cost.fabric += Cycles{sums};
  cost.fill += Cycles{halo.hops * c.wafer.fabric.hop_latency};
  cost.wavelet_hops += sums * halo.hops * c.layout.token_rows() * c.layout.feature_columns();
  return cost;
}

KernelCost convolution_gradient(const FlowContext& c, const ConvolutionTask& task) {
  if (is_linear(task)) return linear_gradient(c, matrix_of(task));
  const PeSpec& pe = c.wafer.pe;
  const ChannelShare share = share_of(c, task, task.in, task.out, task.mask);
  const std::uint64_t t = c.layout.tokens_per_pe();
  const std::uint64_t delta = wavelets(c, t, operand_bytes(c.arithmetic));
  KernelCost cost = fetch(c, task, share, operand_bytes(c.arithmetic));
  // One dot product over the positions for each kept weight, after the deltas have been broadcast along the
  // row to the columns of their group.
  cost.compute = Cycles{share.weights * (vector_cycles(c, t) + pe.wavelet_overhead) + share.sums * delta};
  const std::uint64_t rows = c.layout.token_rows();
  if (rows > 1) cost.fabric += Cycles{wavelets(c, share.weights, 4) + share.sums * pe.task_dispatch};
  cost.fill +=
      Cycles{edge_to_farthest(c) + chain_step(c.wafer.fabric) * (rows - 1 + c.layout.mapping().groups - 1)};
  cost.fmacs = multiply_adds(task);
  cost.sram_accesses = cost.fmacs * sram_bytes_per_fmac(c.arithmetic);
  const std::uint64_t all_rows = rows * c.layout.mapping().groups;
  cost.wavelet_hops +=
      share.sums * delta * share.chain * all_rows + task.kept * (all_rows + c.wafer.grid.columns / 2);
  return cost;
}

}  // namespace wafersim
