// Where a ReLU leaves zeros, and which deltas share them.
#include "wafersim/workload/workload.hpp"

namespace wafersim {

namespace {

bool is_relu(const Layer& layer) {
  return layer.kind == OpKind::elementwise && layer.function == "relu";
}

// Of a convolution, only one of one tap is computed as a product of matrices (kernel/flow_convolution.cpp).
bool is_product(const Layer& layer) {
  const WindowShape& window = layer.window;
  if (layer.kind == OpKind::linear) return true;
  return layer.kind == OpKind::convolution && window.kernel == Extent{1, 1} &&
         window.stride == Extent{1, 1} && window.groups == 1 && !window.transposed;
}

}  // namespace

Fraction output_zeros(const Layer& layer, const Sparsity& sparsity) {
  return is_relu(layer) ? layer.zeros.value_or(sparsity.activations) : Fraction{};
}

std::vector<std::optional<LayerId>> relus_behind(const Graph& graph) {
  std::vector<std::optional<LayerId>> only(graph.layers.size());
  std::vector<std::size_t> users(graph.layers.size());
  for (LayerId id = 0; id < graph.layers.size(); ++id) {
    for (const TensorId input : graph.layers[id].inputs) {
      ++users[input];
      only[input] = id;
    }
  }
  for (LayerId id = 0; id < graph.layers.size(); ++id) {
    if (users[id] != 1 || !is_relu(graph.layers[*only[id]])) only[id].reset();
  }
  return only;
}

void settle_zeros(Graph& graph, const Sparsity& sparsity) {
  const std::vector<std::optional<LayerId>> relus = relus_behind(graph);
  for (LayerId id = 0; id < graph.layers.size(); ++id) {
    graph.layers[id].delta_zeros = relus[id] ? output_zeros(graph.layers[*relus[id]], sparsity) : Fraction{};
  }
}

bool can_filter_zeros(const TrainingPlan& plan) {
  return plan.mode == StepMode::train && plan.execution == Execution::weight_streaming &&
         plan.accumulate != Accumulate::fp32;
}

bool has_zeros_to_filter(const Layer& layer) {
  return layer.delta_zeros.billionths > 0 && is_product(layer);
}

}  // namespace wafersim
