// Adds up what a graph and its plan imply.
#include "wafersim/workload/summary.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "wafersim/base/wide.hpp"

namespace wafersim {
namespace {

// Whether the backward pass of an operator reads its inputs again.
bool reads_inputs_again(OpKind kind) {
  return kind != OpKind::embedding && kind != OpKind::residual && kind != OpKind::concat &&
         kind != OpKind::move;
}

// The block in which each tensor is made.
std::vector<std::uint32_t> blocks_of_tensors(const Graph& graph) {
  std::vector<std::uint32_t> block(graph.tensors.size());
  for (const Layer& layer : graph.layers) block[layer.output] = layer.block;
  return block;
}

// The tensors that the backward pass of an operator reads. A relu's slope is in its output, which the next
// operator mostly keeps anyway.
std::vector<TensorId> read_again(const Layer& layer) {
  if (!reads_inputs_again(layer.kind)) return {};
  if (layer.kind == OpKind::elementwise && layer.function == "relu") return {layer.output};
  return layer.inputs;
}

Flops flops_of(Wide macs, const Layer& layer, const TrainingPlan& plan) {
  if (plan.mode == StepMode::evaluate) return {.forward = 2 * macs};
  const bool again = plan.recompute == Recompute::layer && layer.block != 0;
  return {.forward = 2 * macs, .backward = 4 * macs, .recompute = again ? 2 * macs : 0};
}

std::uint64_t numbers_of(const Tensor& tensor, const TrainingPlan& plan) {
  return narrow(Wide{tensor.features} * tensor.extent.positions(plan.sequence_length));
}

std::uint64_t largest_block_numbers(const Workload& workload, const std::vector<TensorId>& kept) {
  const Graph& graph = workload.graph;
  const std::vector<std::uint32_t> made_in = blocks_of_tensors(graph);
  std::vector<bool> counted(graph.tensors.size());
  for (const TensorId tensor : kept) counted[tensor] = true;
  std::map<std::uint32_t, std::uint64_t> numbers;
  for (const Layer& layer : graph.layers) {
    if (layer.block == 0) continue;
    for (const TensorId input : read_again(layer)) {
      if (counted[input] || made_in[input] != layer.block) continue;
      counted[input] = true;
      numbers[layer.block] += numbers_of(graph.tensors[input], workload.plan);
    }
  }
  std::uint64_t largest = 0;
  for (const auto& [block, sum] : numbers) largest = std::max(largest, sum);
  return largest;
}

ActivationSummary activations_of(const Workload& workload) {
  ActivationSummary summary;
  if (workload.plan.mode == StepMode::evaluate) return summary;
  const std::vector<TensorId> kept = kept_tensors(workload.graph, workload.plan.recompute);
  std::uint64_t numbers = 0;
  for (const TensorId tensor : kept) numbers += numbers_of(workload.graph.tensors[tensor], workload.plan);
  summary.kept_features = divide_up(numbers, workload.plan.sequence_length);
  if (workload.plan.recompute == Recompute::layer) {
    summary.recomputed_features =
        divide_up(largest_block_numbers(workload, kept), workload.plan.sequence_length);
  }
  return summary;
}

std::vector<KindSummary> kinds_of(const Graph& graph) {
  std::map<OpKind, KindSummary> kinds;
  for (const Layer& layer : graph.layers) {
    KindSummary& kind = kinds[layer.kind];
    kind.kind = layer.kind;
    ++kind.layers;
    kind.parameters += layer.owned_weights();
  }
  std::vector<KindSummary> list;
  list.reserve(kinds.size());
  for (const auto& [kind, summary] : kinds) list.push_back(summary);
  return list;
}

LayerFigures figures_of(const Workload& workload, const Layer& layer) {
  const TrainingPlan& plan = workload.plan;
  const std::uint64_t each = activation_bytes(plan);
  LayerFigures figures{.positions = layer.extent.positions(plan.sequence_length),
                       .macs = forward_macs(layer, plan.sequence_length),
                       .flops = work_of(layer, plan, 1).done.forward};
  figures.activation_bytes = narrow(Wide{numbers_of(workload.graph.tensors[layer.output], plan)} * each);
  const Wide weights = Wide{kept_matrix_weights(layer, plan.sparsity)} + layer.vector_weights;
  figures.bytes = figures.activation_bytes + weights * weight_bytes(plan);
  for (const TensorId input : layer.inputs)
    figures.bytes += Wide{numbers_of(workload.graph.tensors[input], plan)} * each;
  return figures;
}

std::vector<TensorId> largest_activations(const Workload& workload) {
  constexpr std::size_t kMost = 5;
  std::vector<TensorId> ids(workload.graph.tensors.size());
  std::iota(ids.begin(), ids.end(), TensorId{0});
  const auto numbers = [&](TensorId id) { return numbers_of(workload.graph.tensors[id], workload.plan); };
  std::stable_sort(ids.begin(), ids.end(), [&](TensorId a, TensorId b) { return numbers(a) > numbers(b); });
  ids.resize(std::min(ids.size(), kMost));
  return ids;
}

std::vector<LayerId> largest_matrices(const Graph& graph) {
  constexpr std::size_t kMost = 10;
  std::vector<LayerId> ids;
  for (LayerId id = 0; id < graph.layers.size(); ++id) {
    if (graph.layers[id].matrix_weights > 0 && !graph.layers[id].tied_to) ids.push_back(id);
  }
  std::stable_sort(ids.begin(), ids.end(), [&](LayerId a, LayerId b) {
    return graph.layers[a].matrix_weights > graph.layers[b].matrix_weights;
  });
  if (ids.size() > kMost) ids.resize(kMost);
  return ids;
}

}  // namespace

double LayerFigures::intensity() const {
  return bytes == 0 ? 0 : static_cast<double>(flops) / static_cast<double>(bytes);
}

Flops& Flops::operator+=(const Flops& other) {
  forward += other.forward;
  backward += other.backward;
  recompute += other.recompute;
  return *this;
}

Work& Work::operator+=(const Work& other) {
  done += other.done;
  skipped += other.skipped;
  return *this;
}

Work work_of(const Layer& layer, const TrainingPlan& plan, std::uint64_t sequences) {
  const Wide macs = static_cast<Wide>(forward_macs(layer, plan.sequence_length)) * sequences;
  Wide pruned = 0;
  if (has_matrix(layer.kind) && layer.kind != OpKind::embedding) {
    const std::uint64_t kept = kept_matrix_weights(layer, plan.sparsity);
    pruned = macs - static_cast<Wide>(matrix_macs(layer, kept, plan.sequence_length)) * sequences;
  }
  return {.done = flops_of(macs - pruned, layer, plan), .skipped = flops_of(pruned, layer, plan)};
}

Work work_of(const Workload& workload, std::uint64_t sequences) {
  Work work;
  for (const Layer& layer : workload.graph.layers) work += work_of(layer, workload.plan, sequences);
  return work;
}

std::vector<TensorId> kept_tensors(const Graph& graph, Recompute recompute) {
  const std::vector<std::uint32_t> made_in = blocks_of_tensors(graph);
  std::vector<bool> kept(graph.tensors.size());
  for (const Layer& layer : graph.layers) {
    if (recompute == Recompute::layer && layer.block != 0) {
      for (const TensorId input : layer.inputs) {
        if (made_in[input] != layer.block) kept[input] = true;
      }
    } else {
      for (const TensorId tensor : read_again(layer)) kept[tensor] = true;
    }
  }
  std::vector<TensorId> list;
  for (const Layer& layer : graph.layers) {
    if (kept[layer.output]) list.push_back(layer.output);
  }
  return list;
}

WorkloadSummary summarize(const Workload& workload) {
  const Graph& graph = workload.graph;
  WorkloadSummary summary;
  summary.layers = graph.layers.size();
  summary.parameters = graph.parameters();
  summary.kinds = kinds_of(graph);
  std::set<std::uint32_t> blocks;
  for (const Layer& layer : graph.layers) {
    if (layer.block != 0) blocks.insert(layer.block);
    summary.forward_macs_per_sequence += forward_macs(layer, workload.plan.sequence_length);
    summary.kept_weights += layer.vector_weights;
    summary.each.push_back(figures_of(workload, layer));
    if (layer.tied_to) continue;
    summary.matrix_weights += layer.matrix_weights;
    summary.kept_weights += kept_matrix_weights(layer, workload.plan.sparsity);
  }
  summary.blocks = blocks.size();
  summary.per_sequence = work_of(workload, 1);
  summary.activations = activations_of(workload);
  summary.largest = largest_matrices(graph);
  summary.largest_activations = largest_activations(workload);
  return summary;
}

}  // namespace wafersim
