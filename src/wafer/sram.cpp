// Which tensors are alive at the same time, and what they take in the fullest PE.
#include "wafersim/wafer/sram.hpp"

#include <algorithm>

#include "wafersim/workload/summary.hpp"

namespace wafersim {

LiveTensors::Size LiveTensors::size_of(const Tensor& tensor) {
  return {.features = tensor.features, .positions = tensor.extent.positions(0)};
}

LiveTensors::Sizes LiveTensors::as_sizes(const Counts& counts) {
  return {counts.begin(), counts.end()};
}

// Tensors that `layer` reads, writes, and makes deltas of, beside those that are `held` anyway. A loss turns
// its input into the delta in place; an elementwise layer overwrites. An index of an FP16 delta is as large
// as the delta. A layer's tensor has its number.
LiveTensors::Counts LiveTensors::working_set(const Graph& graph, const Layer& layer,
                                             const std::set<TensorId>& held, bool filter_zeros) {
  Counts counts;
  const auto index = [&](TensorId tensor) {
    if (filter_zeros && has_zeros_to_filter(graph.layers[tensor])) ++counts[size_of(graph.tensors[tensor])];
  };
  for (const TensorId input : layer.inputs) {
    index(input);
    if (!held.contains(input)) ++counts[size_of(graph.tensors[input])];       // its value
    if (layer.kind != OpKind::loss) ++counts[size_of(graph.tensors[input])];  // its delta
  }
  index(layer.output);
  // The output, and later its delta in the same place: who needed a held value has gone backward by then.
  if (!held.contains(layer.output)) ++counts[size_of(graph.tensors[layer.output])];
  return counts;
}

// Forward only: at each layer, the tensors that it or a later layer still reads, and its output.
std::vector<LiveTensors::Counts> LiveTensors::forward_sets(const Graph& graph) {
  std::vector<std::size_t> last_use(graph.tensors.size());
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    for (const TensorId input : graph.layers[i].inputs) last_use[input] = i;
  }
  std::vector<Counts> sets;
  std::set<TensorId> live;
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    live.insert(graph.layers[i].output);
    Counts counts;
    for (const TensorId tensor : live) ++counts[size_of(graph.tensors[tensor])];
    sets.push_back(std::move(counts));
    std::erase_if(live, [&](TensorId tensor) { return last_use[tensor] <= i; });
  }
  return sets;
}

Bytes SramBudget::used() const {
  Bytes sum;
  for (const SramItem& item : items) sum += item.bytes;
  return sum;
}

const SramItem& SramBudget::largest() const {
  return *std::max_element(items.begin(), items.end(),
                           [](const SramItem& a, const SramItem& b) { return a.bytes < b.bytes; });
}

LiveTensors::LiveTensors(const Workload& workload, bool filter_zeros)
    : sequence_{workload.plan.sequence_length},
      value_bytes_{activation_bytes(workload.plan)},
      accumulator_bytes_{workload.plan.accumulate == Accumulate::fp16 ? 2U : 4U} {
  const Graph& graph = workload.graph;
  for (const Layer& layer : graph.layers)
    most_positions_ = std::max(most_positions_, layer.extent.positions(0));
  if (workload.plan.mode == StepMode::evaluate) {
    std::set<Counts> distinct;
    for (Counts& counts : forward_sets(graph)) distinct.insert(std::move(counts));
    for (const Counts& counts : distinct) working_sets_.push_back(as_sizes(counts));
    return;
  }
  Counts kept_counts;
  std::set<TensorId> kept;
  for (const TensorId tensor : kept_tensors(graph, workload.plan.recompute)) {
    ++kept_counts[size_of(graph.tensors[tensor])];
    kept.insert(tensor);
  }
  kept_ = as_sizes(kept_counts);

  std::set<TensorId> held = kept;  // and what a block that runs again keeps for itself
  std::map<std::uint32_t, Counts> blocks;
  if (workload.plan.recompute == Recompute::layer) {
    std::vector<std::uint32_t> made_in(graph.tensors.size());
    for (const Layer& layer : graph.layers) made_in[layer.output] = layer.block;
    for (const TensorId tensor : kept_tensors(graph, Recompute::none)) {
      if (kept.contains(tensor) || made_in[tensor] == 0) continue;
      ++blocks[made_in[tensor]][size_of(graph.tensors[tensor])];
      held.insert(tensor);
    }
  }
  std::set<Counts> distinct_blocks;
  for (const auto& [block, counts] : blocks) distinct_blocks.insert(counts);
  for (const Counts& counts : distinct_blocks) recomputed_blocks_.push_back(as_sizes(counts));

  std::set<Counts> distinct_sets;
  for (const Layer& layer : graph.layers) {
    distinct_sets.insert(working_set(graph, layer, held, filter_zeros));
    gradients_ += layer.vector_weights;
    if (!layer.tied_to) gradients_ += kept_matrix_weights(layer, workload.plan.sparsity);
  }
  for (const Counts& counts : distinct_sets) working_sets_.push_back(as_sizes(counts));
}

TokenLayout LiveTensors::layout_of(std::uint64_t positions, const TokenLayout& layout) const {
  return positions == 0 ? layout : layout.with_tokens(layout.tokens() / sequence_ * positions);
}

std::uint64_t LiveTensors::numbers_per_pe(const Sizes& sizes, const TokenLayout& layout) const {
  std::uint64_t sum = 0;
  for (const auto& [size, count] : sizes) {
    const TokenLayout own = layout_of(size.positions, layout);
    sum += own.features_per_pe(size.features) * own.tokens_per_pe() * count;
  }
  return sum;
}

SramBudget LiveTensors::budget(const WaferSpec& wafer, const TokenLayout& layout, GradientSums sums) const {
  const auto largest = [&](const std::vector<Sizes>& candidates) {
    std::uint64_t most = 0;
    for (const Sizes& sizes : candidates) most = std::max(most, numbers_per_pe(sizes, layout));
    return most;
  };
  const Bytes number{value_bytes_};
  const std::uint64_t tokens =
      std::max(layout.tokens_per_pe(), layout_of(most_positions_, layout).tokens_per_pe());
  SramBudget budget{.items = {}, .capacity = wafer.pe.sram};
  budget.items = {
      {"code and descriptors", wafer.pe.reserved},
      {"activations kept for the backward pass", number * numbers_per_pe(kept_, layout)},
      {"activations of the block being recomputed", number * largest(recomputed_blocks_)},
      {"working set of the largest layer", number * largest(working_sets_)},
      {"partial sums", Bytes{tokens} * (wafer.pe.accumulators * accumulator_bytes_)},
      {"receive buffer", wafer.receive_buffer},
      {"gradient buffer", wafer.gradient_buffer},
  };
  if (sums == GradientSums::on_wafer) {
    const std::uint64_t pes = wafer.grid.columns * wafer.grid.rows;
    budget.items.push_back({"gradient sums", Bytes{divide_up(gradients_, pes)} * 4});
  }
  return budget;
}

SramBudget budget_of_one_sequence(const Workload& workload) {
  WaferSpec all;
  all.grid = {1, 1};
  SramBudget budget = LiveTensors{workload}.budget(
      all, TokenLayout{all.grid, {}, workload.plan.sequence_length}, GradientSums::none);
  std::erase_if(budget.items, [](const SramItem& item) { return item.bytes == Bytes{}; });
  return budget;
}

}  // namespace wafersim
