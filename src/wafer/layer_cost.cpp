// Chooses the closed form for each kind of layer.
#include "wafersim/wafer/layer_cost.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

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
  for (const std::string_view plain : {"relu", "scale", "shift", "clip", "hardswish"}) {
    if (function == plain) return {.forward_sweeps = 1, .backward_sweeps = 1, .exponential = false};
  }
  return {.forward_sweeps = 2, .backward_sweeps = 3, .exponential = true};
}

AttentionTask attention_task(const Layer& layer, std::uint64_t sequence) {
  return {.heads = layer.attention.heads,
          .kv_heads = layer.attention.kv_heads,
          .head_dim = layer.attention.head_dim,
          .sequence = sequence,
          .window = layer.attention.window,
          .causal = layer.attention.causal};
}

// All that a cost depends on beside the plan.
std::vector<std::uint64_t> shape_of(const Layer& layer) {
  std::vector<std::uint64_t> shape{layer.in_features,
                                   layer.out_features,
                                   layer.vector_weights,
                                   layer.matrix_weights,
                                   layer.inputs.size(),
                                   layer.attention.heads,
                                   layer.attention.kv_heads,
                                   layer.attention.head_dim,
                                   layer.attention.window,
                                   layer.experts.count,
                                   layer.experts.active,
                                   layer.experts.combine ? 1U : 0U,
                                   layer.directions,
                                   layer.window.groups,
                                   layer.window.transposed ? 1U : 0U,
                                   layer.delta_zeros.billionths,
                                   layer.attention.causal ? 1U : 0U};
  for (const Extent& extent :
       {layer.extent, layer.window.in, layer.window.kernel, layer.window.stride, layer.window.dilation}) {
    shape.push_back(extent.width);
    shape.push_back(extent.height);
  }
  return shape;
}

LayerCost operator+(const LayerCost& a, const LayerCost& b) {
  return {.forward = a.forward + b.forward, .gradient = a.gradient + b.gradient, .delta = a.delta + b.delta};
}

LayerCost times(const LayerCost& cost, std::uint64_t count) {
  const auto each = [&](const KernelCost& kernel) {
    return KernelCost{.compute = kernel.compute * count,
                      .fabric = kernel.fabric * count,
                      .hidden = kernel.hidden * count,
                      .saved = kernel.saved * count,
                      .fill = kernel.fill * count,
                      .fmacs = kernel.fmacs * count,
                      .fmacs_of_zeros = kernel.fmacs_of_zeros * count,
                      .fmacs_filtered = kernel.fmacs_filtered * count,
                      .wavelet_hops = kernel.wavelet_hops * count,
                      .sram_accesses = kernel.sram_accesses * count};
  };
  return {.forward = each(cost.forward), .gradient = each(cost.gradient), .delta = each(cost.delta)};
}

// Says how many multiply-adds each pass of a product has, where its parts were rounded.
void set_fmacs(LayerCost& cost, std::uint64_t fmacs) {
  for (KernelCost* kernel : {&cost.forward, &cost.gradient, &cost.delta}) {
    if (kernel->fmacs != 0) {
      kernel->sram_accesses = multiply_divide_up(kernel->sram_accesses, fmacs, kernel->fmacs);
      kernel->fmacs_filtered = multiply_divide_down(kernel->fmacs_filtered, fmacs, kernel->fmacs);
    }
    kernel->fmacs = fmacs;
  }
}

// Tells the multiply-adds of kept weights from those of zeros that came along.
void set_kept(LayerCost& cost, std::uint64_t kept, std::uint64_t sent) {
  for (KernelCost* kernel : {&cost.forward, &cost.gradient, &cost.delta}) {
    if (sent == 0) return;
    const std::uint64_t rows = kernel->fmacs / sent;
    kernel->fmacs = rows * kept;
    kernel->fmacs_of_zeros = rows * (sent - kept);
  }
}

}  // namespace

ConvolutionTask window_task(const Layer& layer, std::uint64_t sequence, std::uint64_t images) {
  const WindowShape& window = layer.window;
  const auto side = [&](const Extent& extent) {
    if (extent.per_token()) return ImageSide{.width = sequence, .height = 1};
    return ImageSide{.width = extent.width, .height = extent.height};
  };
  ConvolutionTask task{.in = layer.in_features,
                       .out = layer.out_features,
                       .groups = layer.kind == OpKind::pool ? layer.in_features : window.groups,
                       .image = side(window.in),
                       .result = side(layer.extent),
                       .kernel = side(window.kernel),
                       .stride = side(window.stride),
                       .reach = {.width = window.dilation.width * (window.kernel.width - 1) + 1,
                                 .height = window.dilation.height * (window.kernel.height - 1) + 1},
                       .images = images};
  if (window.transposed) {
    std::swap(task.in, task.out);
    std::swap(task.image, task.result);
  }
  return task;
}

std::optional<ColumnUse> column_use(const Layer& layer, const TokenLayout& layout) {
  if (layer.kind == OpKind::linear) {
    const std::uint64_t in =
        layer.experts.combine ? layer.in_features / layer.experts.active : layer.in_features;
    return ColumnUse{.used = layout.columns_used(in),
                     .of = layout.feature_columns(),
                     .inputs = layout.features_per_pe(in)};
  }
  if (layer.kind == OpKind::convolution) {
    const ConvolutionTask task = window_task(layer, 1, 1);
    return ColumnUse{.used = convolution_columns(layout, task),
                     .of = layout.feature_columns(),
                     .inputs = convolution_inputs(layout, task)};
  }
  return std::nullopt;
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
  const bool prunable = has_matrix(layer.kind) && layer.kind != OpKind::embedding;
  const Fraction level = prunable ? sparsity_level(layer, plan_.sparsity) : Fraction{};
  Key key{layer.kind, shape_of(layer), layer.function};
  std::get<1>(key).push_back(level.billionths);
  if (prunable) std::get<1>(key).push_back(kept_matrix_weights(layer, plan_.sparsity));
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  const LayerCost ideal = compute(layer, level);
  return known_
      .emplace(std::move(key), LayerCost{.forward = as_programmed(ideal.forward),
                                         .gradient = as_programmed(ideal.gradient),
                                         .delta = as_programmed(ideal.delta)})
      .first->second;
}

// The software's kernels are busy for longer than the closed forms of ideal ones.
KernelCost LayerCosts::as_programmed(KernelCost cost) const {
  for (Cycles* busy : {&cost.compute, &cost.fabric, &cost.hidden, &cost.saved}) {
    *busy = Cycles{
        multiply_divide_up(busy->count(), Fraction::kOne, context_.wafer.software_efficiency.billionths)};
  }
  return cost;
}

FlowContext LayerCosts::context_of(const Extent& extent) const {
  FlowContext context = context_;
  if (!extent.per_token()) {
    const std::uint64_t sequences = context_.layout.tokens() / plan_.sequence_length;
    context.layout = context_.layout.with_tokens(sequences * extent.positions(0));
  }
  return context;
}

const MaskSample* LayerCosts::mask(std::uint64_t width, std::uint64_t rows, Fraction level,
                                   bool across) const {
  const Sparsity& sparsity = plan_.sparsity;
  return masks_.sample({.width = width,
                        .rows = rows,
                        .level = level,
                        .pattern = across ? sparsity.pattern.transposed() : sparsity.pattern,
                        .seed = sparsity.seed,
                        .skip_block = context_.wafer.pe.skip_block});
}

DeltaZeros LayerCosts::zeros(const Layer& layer) const {
  if (!filter_zeros_ || !has_zeros_to_filter(layer)) return {};
  return {.share = layer.delta_zeros, .seed = plan_.sparsity.seed};
}

LayerCost LayerCosts::linear(const FlowContext& context, const Layer& layer, Fraction level,
                             std::uint64_t kept) const {
  MatrixShape forward = matrix_of(layer, plan_, level, kept, context.wafer.pe.skip_block, masks_);
  forward.zeros = zeros(layer);
  MatrixShape backward = forward.transposed();
  if (forward.mask != nullptr) backward.mask = mask(layer.out_features, layer.in_features, level, true);
  LayerCost cost{.forward = linear_forward(context, forward),
                 .gradient = linear_gradient(context, forward),
                 .delta = linear_forward(context, backward)};
  set_kept(cost, kept, forward.kept);
  return cost;
}

LayerCost LayerCosts::experts(const FlowContext& context, const Layer& layer, Fraction level) const {
  const ExpertShape& shape = layer.experts;
  // Those that come, one after the other, each with the tokens that chose it and as many weights as any
  // other: the router is taken to balance them.
  const std::uint64_t tokens = context.layout.tokens();
  const std::uint64_t come = streamed_experts(shape, plan_.expert_stream, tokens * nodes_);
  FlowContext each = context;
  each.layout = context.layout.with_tokens(multiply_divide_up(tokens, shape.active, come));
  Layer one = layer;
  (shape.combine ? one.in_features : one.out_features) /= shape.active;
  one.experts = {};
  one.matrix_weights = one.in_features * one.out_features;
  const std::uint64_t kept =
      multiply_divide_up(kept_matrix_weights(layer, plan_.sparsity), come, shape.count);
  const std::uint64_t fuller = kept % come;  // experts that keep one weight more
  LayerCost cost = times(linear(each, one, level, kept / come), come - fuller);
  if (fuller > 0) cost = cost + times(linear(each, one, level, kept / come + 1), fuller);
  return cost;
}

LayerCost LayerCosts::recurrent(const FlowContext& context, const Layer& layer) const {
  // The inputs of all tokens at once; then the state, token by token, with all sequences side by side.
  const std::uint64_t tokens = layer.extent.positions(plan_.sequence_length);
  const std::uint64_t hidden = layer.out_features / layer.directions;
  const std::uint64_t gates = layer.matrix_weights / (layer.out_features * (layer.in_features + hidden));
  const auto matrix = [&](const FlowContext& at, std::uint64_t in, std::uint64_t out) {
    const MatrixShape shape{.in = in,
                            .out = out,
                            .kept = in * out,
                            .weights_per_wavelet = plan_.weights == Precision::fp16 ? 2U : 1U};
    return LayerCost{.forward = linear_forward(at, shape),
                     .gradient = linear_gradient(at, shape),
                     .delta = linear_forward(at, shape.transposed())};
  };
  FlowContext one_token = context;
  one_token.layout = context.layout.with_tokens(context.layout.tokens() / tokens);
  const std::uint64_t exponential = context.wafer.pe.exponential_cycles;
  const KernelCost functions = elementwise(context, {gates * layer.out_features, gates, exponential});
  LayerCost cost = matrix(context, layer.in_features, gates * layer.out_features) +
                   times(matrix(one_token, hidden, gates * hidden), tokens * layer.directions);
  cost.forward = cost.forward + functions;
  cost.delta = cost.delta + functions;
  return cost;
}

LayerCost LayerCosts::convolution(const FlowContext& context, const Layer& layer, Fraction level) const {
  const std::uint64_t images = context.layout.tokens() / layer.extent.positions(plan_.sequence_length);
  ConvolutionTask task = window_task(layer, plan_.sequence_length, images);
  const std::uint64_t kept = kept_matrix_weights(layer, plan_.sparsity);
  if (kept == layer.matrix_weights) level = {};
  task.kept = sent_weights(layer, plan_.sparsity, context.wafer.pe.skip_block, masks_);
  task.weights_per_wavelet = level.billionths == 0 && plan_.weights == Precision::fp16 ? 2 : 1;
  task.zeros = zeros(layer);
  const std::uint64_t taps = task.taps();
  task.mask = mask(task.in / task.groups * taps, task.out, level, false);
  task.transposed_mask = mask(task.out / task.groups * taps, task.in, level, true);
  FlowContext results = context;
  results.layout = context.layout.with_tokens(images * task.result.positions());
  const KernelCost forward = convolution_forward(results, task);
  const KernelCost delta = convolution_delta(results, task);
  LayerCost cost{.forward = layer.window.transposed ? delta : forward,
                 .gradient = convolution_gradient(results, task),
                 .delta = layer.window.transposed ? forward : delta};
  set_kept(cost, kept, task.kept);
  return cost;
}

LayerCost LayerCosts::norm(const FlowContext& context, const Layer& layer) const {
  const std::uint64_t features = layer.out_features;
  const std::uint64_t vectors = layer.vector_weights / features;
  const std::uint64_t positions = layer.extent.positions(plan_.sequence_length);
  if (layer.function == "batchnorm") {
    return {.forward = batch_norm_forward(context, features),
            .gradient = {},
            .delta = batch_norm_backward(context, features)};
  }
  if (layer.function == "groupnorm" || layer.function == "instancenorm") {
    const std::uint64_t groups = layer.function == "groupnorm" ? layer.window.groups : features;
    return {.forward = image_norm_forward(context, features, groups, positions),
            .gradient = {},
            .delta = image_norm_backward(context, features, groups, positions, vectors)};
  }
  const std::uint64_t statistics = layer.function == "rmsnorm" ? 1 : 2;
  return {.forward = norm_forward(context, features, statistics),
          .gradient = {},
          .delta = norm_backward(context, features, statistics, vectors)};
}

LayerCost LayerCosts::compute(const Layer& layer, Fraction level) const {
  const FlowContext context = context_of(layer.extent);
  const std::uint64_t features = layer.out_features;
  const std::uint64_t sweeps = layer.inputs.empty() ? 0 : layer.inputs.size() - 1;
  const std::uint64_t sequences = context_.layout.tokens() / plan_.sequence_length;
  switch (layer.kind) {
    case OpKind::linear: {
      if (layer.experts.count == 1)
        return linear(context, layer, level, kept_matrix_weights(layer, plan_.sparsity));
      LayerCost cost = experts(context, layer, level);
      const std::uint64_t kept = kept_matrix_weights(layer, plan_.sparsity);
      set_fmacs(cost, matrix_macs(layer, kept, plan_.sequence_length) * sequences);
      return cost;
    }
    case OpKind::recurrent: {
      LayerCost cost = recurrent(context, layer);
      const std::uint64_t kept = kept_matrix_weights(layer, plan_.sparsity);
      set_fmacs(cost, matrix_macs(layer, kept, plan_.sequence_length) * sequences);
      return cost;
    }
    case OpKind::convolution:
      return convolution(context, layer, level);
    case OpKind::pool: {
      const ConvolutionTask task =
          window_task(layer, plan_.sequence_length,
                      context.layout.tokens() / layer.extent.positions(plan_.sequence_length));
      return {.forward = pool_forward(context, task), .gradient = {}, .delta = pool_backward(context, task)};
    }
    case OpKind::input:
      return {};
    case OpKind::concat:
    case OpKind::move: {
      const KernelCost cost = move_forward(context, features);
      return {.forward = cost, .gradient = {}, .delta = cost};
    }
    case OpKind::attention: {
      const AttentionTask task = attention_task(layer, layer.extent.positions(plan_.sequence_length));
      return {.forward = attention_forward(context, task),
              .gradient = {},
              .delta = attention_backward(context, task)};
    }
    case OpKind::norm:
      return norm(context, layer);
    case OpKind::elementwise: {
      const FunctionCost function = cost_of_function(layer.function);
      const std::uint64_t each = function.exponential ? context.wafer.pe.exponential_cycles : 0;
      LayerCost cost{.forward = elementwise(context, {features, function.forward_sweeps, each}),
                     .gradient = {},
                     .delta = elementwise(context, {features, function.backward_sweeps, each})};
      // The gradients of trained numbers are added up like those of a norm.
      if (layer.vector_weights > 0) cost.delta = cost.delta + norm_backward(context, features, 0, 1);
      return cost;
    }
    case OpKind::multiply:
      return {.forward = elementwise(context, {features, sweeps, 0}),
              .gradient = {},
              .delta = elementwise(context, {features, layer.inputs.size(), 0})};
    case OpKind::residual:
      // Backward, the delta goes to every branch unchanged and is added up where branches meet.
      return {.forward = elementwise(context, {features, sweeps, 0}),
              .gradient = {},
              .delta = elementwise(context, {features, sweeps, 0})};
    case OpKind::embedding: {
      const std::uint64_t per_wavelet = plan_.weights == Precision::fp16 ? 2 : 1;
      return {.forward = embedding_forward(context, layer.in_features, features, per_wavelet),
              .gradient = embedding_gradient(context, layer.in_features, features),
              .delta = {}};
    }
    case OpKind::loss:
      return {.forward = loss_forward(context, layer.in_features),
              .gradient = {},
              .delta = loss_backward(context, layer.in_features)};
  }
  return {};
}

}  // namespace wafersim
