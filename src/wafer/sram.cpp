// Which tensors are alive at the same time, and what they take in the fullest PE.
#include "wafersim/wafer/sram.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "wafersim/workload/summary.hpp"

namespace wafersim {

namespace {

using Counts = std::map<std::uint64_t, std::uint64_t>;

std::vector<std::pair<std::uint64_t, std::uint64_t>> as_sizes(const Counts& counts) {
  return {counts.begin(), counts.end()};
}

// Features of the tensors that `layer` reads, writes, and makes deltas of. A loss turns its input into the
// delta in place; an elementwise layer overwrites.
Counts working_set(const Graph& graph, const Layer& layer, const std::set<TensorId>& kept) {
  Counts counts;
  for (const TensorId input : layer.inputs) {
    if (!kept.contains(input)) ++counts[graph.tensors[input].features];       // its value
    if (layer.kind != OpKind::loss) ++counts[graph.tensors[input].features];  // its delta
  }
  ++counts[graph.tensors[layer.output].features];  // the output, and later its delta in the same place
  return counts;
}

// Forward only: at each layer, the features of the tensors that it or a later layer still reads, and of its
// output.
std::vector<Counts> forward_sets(const Graph& graph) {
  std::vector<std::size_t> last_use(graph.tensors.size());
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    for (const TensorId input : graph.layers[i].inputs) last_use[input] = i;
  }
  std::vector<Counts> sets;
  std::set<TensorId> live;
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    live.insert(graph.layers[i].output);
    Counts counts;
    for (const TensorId tensor : live) ++counts[graph.tensors[tensor].features];
    sets.push_back(std::move(counts));
    std::erase_if(live, [&](TensorId tensor) { return last_use[tensor] <= i; });
  }
  return sets;
}

}  // namespace

Bytes SramBudget::used() const {
  Bytes sum;
  for (const SramItem& item : items) sum += item.bytes;
  return sum;
}

const SramItem& SramBudget::largest() const {
  return *std::max_element(items.begin(), items.end(),
                           [](const SramItem& a, const SramItem& b) { return a.bytes < b.bytes; });
}

LiveTensors::LiveTensors(const Workload& workload)
    : value_bytes_{workload.plan.accumulate == Accumulate::fp32 ? 4U : 2U},
      accumulator_bytes_{workload.plan.accumulate == Accumulate::fp16 ? 2U : 4U} {
  const Graph& graph = workload.graph;
  if (workload.plan.mode == StepMode::evaluate) {
    std::set<Counts> distinct;
    for (Counts& counts : forward_sets(graph)) distinct.insert(std::move(counts));
    for (const Counts& counts : distinct) working_sets_.push_back(as_sizes(counts));
    return;
  }
  Counts kept_counts;
  std::set<TensorId> kept;
  for (const TensorId tensor : kept_tensors(graph, workload.plan.recompute)) {
    ++kept_counts[graph.tensors[tensor].features];
    kept.insert(tensor);
  }
  kept_ = as_sizes(kept_counts);

  std::map<std::uint32_t, Counts> blocks;
  if (workload.plan.recompute == Recompute::layer) {
    std::vector<std::uint32_t> made_in(graph.tensors.size());
    for (const Layer& layer : graph.layers) made_in[layer.output] = layer.block;
    for (const TensorId tensor : kept_tensors(graph, Recompute::none)) {
      if (!kept.contains(tensor) && made_in[tensor] != 0)
        ++blocks[made_in[tensor]][graph.tensors[tensor].features];
    }
  }
  std::set<Counts> distinct_blocks;
  for (const auto& [block, counts] : blocks) distinct_blocks.insert(counts);
  for (const Counts& counts : distinct_blocks) recomputed_blocks_.push_back(as_sizes(counts));

  std::set<Counts> distinct_sets;
  for (const Layer& layer : graph.layers) {
    distinct_sets.insert(working_set(graph, layer, kept));
    gradients_ += layer.vector_weights;
    if (!layer.tied_to) gradients_ += kept_matrix_weights(layer, workload.plan.sparsity);
  }
  for (const Counts& counts : distinct_sets) working_sets_.push_back(as_sizes(counts));
}

std::uint64_t LiveTensors::features_per_pe(const Sizes& sizes, const TokenLayout& layout) {
  std::uint64_t sum = 0;
  for (const auto& [features, count] : sizes) sum += layout.features_per_pe(features) * count;
  return sum;
}

SramBudget LiveTensors::budget(const WaferSpec& wafer, const TokenLayout& layout, GradientSums sums) const {
  const auto largest = [&](const std::vector<Sizes>& candidates) {
    std::uint64_t most = 0;
    for (const Sizes& sizes : candidates) most = std::max(most, features_per_pe(sizes, layout));
    return most;
  };
  const Bytes per_feature = Bytes{layout.tokens_per_pe()} * value_bytes_;
  SramBudget budget{.items = {}, .capacity = wafer.pe.sram};
  budget.items = {
      {"code and descriptors", wafer.pe.reserved},
      {"activations kept for the backward pass", per_feature * features_per_pe(kept_, layout)},
      {"activations of the block being recomputed", per_feature * largest(recomputed_blocks_)},
      {"working set of the largest layer", per_feature * largest(working_sets_)},
      {"partial sums", Bytes{layout.tokens_per_pe()} * (wafer.pe.accumulators * accumulator_bytes_)},
      {"receive buffer", wafer.receive_buffer},
      {"gradient buffer", wafer.gradient_buffer},
  };
  if (sums == GradientSums::on_wafer) {
    const std::uint64_t pes = wafer.grid.columns * wafer.grid.rows;
    budget.items.push_back({"gradient sums", Bytes{divide_up(gradients_, pes)} * 4});
  }
  return budget;
}

}  // namespace wafersim
