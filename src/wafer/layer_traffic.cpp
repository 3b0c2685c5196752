// Sizes on the wire.
#include "wafersim/wafer/layer_traffic.hpp"

namespace wafersim {

// A 16-bit index shares a wavelet with an FP16 value; beside an FP32 value it needs a wavelet of its own.
std::uint64_t index_bytes(const TrainingPlan& plan, bool sparse) {
  if (!sparse) return 0;
  return plan.weights == Precision::fp16 ? 2 : 4;
}

std::uint64_t kept_of(const Layer& layer, const TrainingPlan& plan) {
  return layer.matrix_weights == 0 ? 0 : kept_matrix_weights(layer, plan.sparsity);
}
bool is_sparse(const Layer& layer, const TrainingPlan& plan) {
  return kept_of(layer, plan) < layer.matrix_weights;
}

Parcel weights_of(const Layer& layer, const TrainingPlan& plan, std::uint64_t sequences, std::uint64_t sent) {
  const std::uint64_t value = weight_bytes(plan);
  const std::uint64_t tokens = narrow(Wide{sequences} * layer.extent.positions(plan.sequence_length));
  const std::uint64_t experts = streamed_experts(layer.experts, plan.expert_stream, tokens);
  return {.matrix = multiply_divide_up(sent, experts, layer.experts.count),
          .vector = layer.vector_weights,
          .bytes_per_matrix = value + index_bytes(plan, is_sparse(layer, plan)),
          .bytes_per_vector = value};
}

Parcel gradients_of(const Layer& layer, const TrainingPlan& plan) {
  if (plan.mode == StepMode::evaluate) return {};
  const std::uint64_t value = gradient_bytes(plan);
  return {.matrix = kept_of(layer, plan),
          .vector = layer.vector_weights,
          .bytes_per_matrix = value,
          .bytes_per_vector = value};
}

std::uint64_t weight_passes(const Layer& layer, const TrainingPlan& plan) {
  if (plan.mode == StepMode::evaluate) return 1;
  const bool again = plan.recompute == Recompute::layer && layer.block != 0;
  return 1 + (again ? 1 : 0) + (layer.kind == OpKind::embedding ? 0 : 1);
}

}  // namespace wafersim
