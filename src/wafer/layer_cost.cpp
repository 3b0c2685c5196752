// Chooses the closed form for each kind of layer.
#include "wafersim/wafer/layer_cost.hpp"

#include <array>
#include <string_view>

namespace wafersim {

namespace {

// How an elementwise function is evaluated: forward and backward vector sweeps, and whether it needs an
// exponential for every element (gelu, silu, tanh, sigmoid, softmax: all are built from one).
struct FunctionCost {
  std::uint64_t forward_sweeps;
  std::uint64_t backward_sweeps;
  bool exponential;
};
FunctionCost cost_of_function(std::string_view function) {
  if (function == "relu") return {.forward_sweeps = 1, .backward_sweeps = 1, .exponential = false};
  return {.forward_sweeps = 2, .backward_sweeps = 3, .exponential = true};
}

AttentionTask attention_task(const Layer& layer, std::uint64_t sequence) {
  return {.heads = layer.attention.heads,
          .kv_heads = layer.attention.kv_heads,
          .head_dim = layer.attention.head_dim,
          .sequence = sequence,
          .causal = layer.attention.causal};
}

}  // namespace

const MaskSample* MaskLibrary::sample(std::uint64_t width, std::uint64_t rows, Fraction level,
                                      std::uint64_t seed) {
  if (level.billionths == 0) return nullptr;
  auto& sample = samples_[{width, rows, level.billionths, seed}];
  if (!sample) sample = std::make_unique<MaskSample>(width, rows, level, seed);
  return sample.get();
}

Arithmetic arithmetic_of(const TrainingPlan& plan) {
  switch (plan.accumulate) {
    case Accumulate::fp16:
      return Arithmetic::fp16;
    case Accumulate::mixed:
      return Arithmetic::mixed;
    case Accumulate::fp32:
      return Arithmetic::fp32;
  }
  return Arithmetic::mixed;
}

const LayerCost& LayerCosts::of(const Layer& layer) {
  const Fraction level = layer.kind == OpKind::linear ? sparsity_level(layer, plan_.sparsity) : Fraction{};
  const AttentionShape& attention = layer.attention;
  const Key key{
      layer.kind,
      {layer.in_features, layer.out_features, layer.vector_weights, layer.inputs.size(), level.billionths,
       attention.heads, attention.kv_heads, attention.head_dim, attention.causal ? 1U : 0U},
      layer.function};
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  const LayerCost ideal = compute(layer, level);
  return known_
      .emplace(key, LayerCost{.forward = as_programmed(ideal.forward),
                              .gradient = as_programmed(ideal.gradient),
                              .delta = as_programmed(ideal.delta)})
      .first->second;
}

// The software's kernels are busy for longer than the closed forms of ideal ones.
KernelCost LayerCosts::as_programmed(KernelCost cost) const {
  const std::uint64_t efficiency = context_.wafer.software_efficiency.billionths;
  cost.compute = Cycles{multiply_divide_up(cost.compute.count(), Fraction::kOne, efficiency)};
  cost.fabric = Cycles{multiply_divide_up(cost.fabric.count(), Fraction::kOne, efficiency)};
  return cost;
}

LayerCost LayerCosts::linear(const Layer& layer, Fraction level) const {
  const std::uint64_t kept = kept_matrix_weights(layer, plan_.sparsity);
  // A level so small that it prunes nothing leaves the matrix dense.
  if (kept == layer.matrix_weights) level = {};
  const bool two_a_wavelet = level.billionths == 0 && plan_.weights == Precision::fp16;
  MatrixShape forward{
      .in = layer.in_features,
      .out = layer.out_features,
      .kept = kept,
      .mask = masks_.sample(layer.in_features, layer.out_features, level, plan_.sparsity.seed),
      .weights_per_wavelet = two_a_wavelet ? 2U : 1U};
  MatrixShape backward = forward.transposed();
  backward.mask = masks_.sample(layer.out_features, layer.in_features, level, plan_.sparsity.seed);
  return {.forward = linear_forward(context_, forward),
          .gradient = linear_gradient(context_, forward),
          .delta = linear_forward(context_, backward)};
}

LayerCost LayerCosts::compute(const Layer& layer, Fraction level) const {
  const std::uint64_t features = layer.out_features;
  const std::uint64_t sweeps = layer.inputs.empty() ? 0 : layer.inputs.size() - 1;
  switch (layer.kind) {
    case OpKind::linear:
      return linear(layer, level);
    case OpKind::attention: {
      const AttentionTask task = attention_task(layer, plan_.sequence_length);
      return {.forward = attention_forward(context_, task),
              .gradient = {},
              .delta = attention_backward(context_, task)};
    }
    case OpKind::norm: {
      const std::uint64_t statistics = layer.function == "rmsnorm" ? 1 : 2;
      const std::uint64_t vectors = layer.vector_weights / features;
      return {.forward = norm_forward(context_, features, statistics),
              .gradient = {},
              .delta = norm_backward(context_, features, statistics, vectors)};
    }
    case OpKind::elementwise: {
      const FunctionCost function = cost_of_function(layer.function);
      const std::uint64_t each = function.exponential ? context_.wafer.pe.exponential_cycles : 0;
      return {.forward = elementwise(context_, {features, function.forward_sweeps, each}),
              .gradient = {},
              .delta = elementwise(context_, {features, function.backward_sweeps, each})};
    }
    case OpKind::multiply:
      return {.forward = elementwise(context_, {features, sweeps, 0}),
              .gradient = {},
              .delta = elementwise(context_, {features, layer.inputs.size(), 0})};
    case OpKind::residual:
      // Backward, the delta goes to every branch unchanged and is added up where branches meet.
      return {.forward = elementwise(context_, {features, sweeps, 0}),
              .gradient = {},
              .delta = elementwise(context_, {features, sweeps, 0})};
    case OpKind::embedding: {
      const std::uint64_t per_wavelet = plan_.weights == Precision::fp16 ? 2 : 1;
      return {.forward = embedding_forward(context_, layer.in_features, features, per_wavelet),
              .gradient = embedding_gradient(context_, layer.in_features, features),
              .delta = {}};
    }
    case OpKind::loss:
      return {.forward = loss_forward(context_, layer.in_features),
              .gradient = {},
              .delta = loss_backward(context_, layer.in_features)};
  }
  return {};
}

}  // namespace wafersim
