// Operators of ONNX that are matrix products: convolutions, linear layers, attention, recurrence.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "workload/onnx_walk.hpp"
#include "workload/quote.hpp"

namespace wafersim::workload_detail {
namespace {

using Kind = OnnxValue::Kind;

// Width and height of an attribute with one number for each side, 1 where it says nothing.
Extent sides(const OnnxNode& node, const std::string& attribute, std::size_t axes) {
  Extent extent{1, 1};
  const auto list = node.ints.find(attribute);
  if (list == node.ints.end() || list->second.size() != axes) return extent;
  extent.width = static_cast<std::uint64_t>(list->second.back());
  if (axes == 2) extent.height = static_cast<std::uint64_t>(list->second.front());
  return extent;
}

}  // namespace

void OnnxWalk::convolution(const OnnxNode& node) {
  const OnnxValue x = input(node, 0);
  const OnnxValue weight = input(node, 1);
  if (weight.kind != Kind::weight) refuse(node, "its weights are not stored in the model");
  if (x.dims.size() < 3 || x.dims.size() > 4 || weight.dims.size() != x.dims.size())
    refuse(node, "convolutions over one or two dimensions are supported");
  const std::size_t axes = x.dims.size() - 2;
  const Dims& out = dims_of(node);
  if (out.size() != x.dims.size()) refuse(node, "its output has another number of dimensions");
  const std::string layer = as_image(node, x);
  LayerDraft draft = layers_.start(node.inputs[1], OpKind::convolution, {layer});
  draft.features = out[1];
  draft.kernel = Extent{.width = weight.dims.back(), .height = axes == 2 ? weight.dims[2] : 1};
  draft.stride = sides(node, "strides", axes);
  draft.dilation = sides(node, "dilations", axes);
  draft.groups = static_cast<std::uint64_t>(node.number("group", 1));
  draft.transposed = node.op == "ConvTranspose";
  draft.bias = has_input(node, 2);
  draft.extent = Extent{.width = out.back(), .height = axes == 2 ? out[2] : 1};
  const std::uint64_t expected =
      draft.transposed ? x.dims[1] : x.dims[1] / std::max<std::uint64_t>(1, draft.groups);
  if (weight.dims[draft.transposed ? 0 : 1] != expected)
    refuse(node, fmt::format("its weights {} are for another number of channels than the {} that come in",
                             in_quotes(weight.origin), x.dims[1]));
  const OnnxLayers::Shape shape{.features = out[1], .positions = per_sample(node, out) / out[1]};
  make(node, layers_.add(std::move(draft), shape), true);
}

void OnnxWalk::linear(const OnnxNode& node, const OnnxValue& x, const OnnxValue& weight,
                      std::uint64_t features, const OnnxValue* bias) {
  const std::uint64_t numbers = numbers_of(weight.dims);
  if (features == 0 || numbers == 0) refuse(node, "its weights are empty");
  const std::string layer = with_features(node, x, numbers / features);
  const bool named =
      weight.origin.find("::") == std::string::npos && weight.origin.find("MatMul_") == std::string::npos;
  LayerDraft draft = layers_.start(named ? weight.origin : node.name, OpKind::linear, {layer});
  draft.features = features;
  draft.bias = bias != nullptr && bias->kind == Kind::weight;
  const auto [owner, fresh] = matrix_owner_.try_emplace(weight.origin, draft.name);
  if (!fresh) draft.tied_to = Reference{.layer = owner->second, .at = draft.at};
  const OnnxLayers::Shape shape{.features = features, .positions = layers_.shape(layer).positions};
  make(node, layers_.add(std::move(draft), shape), false);
}

void OnnxWalk::gemm(const OnnxNode& node) {
  const OnnxValue x = input(node, 0);
  const OnnxValue weight = input(node, 1);
  if (weight.kind != Kind::weight || weight.dims.size() != 2 || x.kind != Kind::data)
    refuse(node, "a Gemm of data and a stored matrix is supported");
  const OnnxValue bias = has_input(node, 2) ? input(node, 2) : OnnxValue{};
  linear(node, x, weight, weight.dims[node.number("transB", 0) != 0 ? 0 : 1], &bias);
}

void OnnxWalk::matmul(const OnnxNode& node) {
  const OnnxValue a = input(node, 0);
  const OnnxValue b = input(node, 1);
  if (a.kind == Kind::scores && b.kind == Kind::data) return attention(node, a, b);
  if (a.kind == Kind::data && b.kind == Kind::weight && b.dims.size() == 2) {
    return linear(node, a, b, b.dims[1], nullptr);
  }
  if (a.kind == Kind::data && b.kind == Kind::data) return scores(node, a, b);
  refuse(node,
         "a product of these two is not supported: expected data and a stored matrix, or the two products "
         "of an attention");
}

// Queries times keys: nothing to do until they are softmaxed and meet the values.
void OnnxWalk::scores(const OnnxNode& node, const OnnxValue& queries, const OnnxValue& keys) {
  OnnxValue made{.kind = Kind::scores, .dims = dims_of(node)};
  if (made.dims.size() < 3 || queries.dims.size() != made.dims.size() || keys.dims.size() != made.dims.size())
    refuse(node, "a product of two tensors that is no attention is not supported");
  made.queries = node.inputs[0];
  made.keys = node.inputs[1];
  values_[node.outputs.front()] = std::move(made);
}

void OnnxWalk::attention(const OnnxNode& node, const OnnxValue& scores, const OnnxValue& values) {
  if (!scores.softmaxed) refuse(node, "a product of three tensors without a softmax is no attention");
  const OnnxValue q = value(scores.queries);
  const OnnxValue k = value(scores.keys);
  const Dims out = dims_of(node);
  if (out.size() < 3 || scores.dims.size() < 3 || scores.dims[scores.dims.size() - 2] == 0)
    refuse(node, "an attention needs heads, queries and keys");
  const std::uint64_t head_dim = out.back();
  const std::uint64_t rows = scores.dims[scores.dims.size() - 2];
  const std::uint64_t features = per_sample(node, out) / rows;
  if (features == 0 || features % head_dim != 0) refuse(node, "its heads cannot be told from its shape");
  // The parts of one fused projection are taken as they are.
  const std::string q_origin = origin_of(node, q);
  const bool fused = q_origin == origin_of(node, k) && q_origin == origin_of(node, values) &&
                     layers_.shape(q_origin).features > features;
  const auto plain = [&](const OnnxValue& part) {
    // Heads of a group were repeated for all its queries; the layer itself has them once.
    const std::string origin = origin_of(node, part);
    const OnnxLayers::Shape& own = layers_.shape(origin);
    const std::uint64_t numbers = per_sample(node, part.dims);
    return numbers >= own.features * own.positions ? origin : settled(node, part);
  };
  std::vector<std::string> inputs{q_origin};
  if (!fused) inputs = {plain(q), plain(k), plain(values)};
  LayerDraft draft = layers_.start(node.name, OpKind::attention, inputs);
  draft.heads = features / head_dim;
  draft.head_dim = head_dim;
  const std::uint64_t kv =
      fused ? (layers_.shape(q_origin).features - features) / 2 : layers_.shape(inputs[1]).features;
  if (kv == 0 || kv % head_dim != 0) refuse(node, "its keys have another head size than its queries");
  draft.kv_heads = kv / head_dim;
  draft.causal = scores.causal;
  const OnnxLayers::Shape shape{.features = features, .positions = layers_.shape(inputs.front()).positions};
  OnnxValue made{.kind = Kind::data, .dims = out};
  made.origin = layers_.add(std::move(draft), shape);
  made.shuffled = out.size() == 4 || draft.heads > 1;
  if (out.size() == 4) made.order = {0, 2, 1, 3};
  values_[node.outputs.front()] = std::move(made);
}

void OnnxWalk::recurrent(const OnnxNode& node) {
  const OnnxValue x = input(node, 0);
  const OnnxValue weight = input(node, 1);
  const OnnxValue state = input(node, 2);
  if (weight.dims.size() != 3 || state.dims.size() != 3 || x.dims.size() != 3)
    refuse(node, "expected three dimensions of input and weights");
  const std::string layer = with_features(node, x, weight.dims[2]);
  LayerDraft draft = layers_.start(node.name, OpKind::recurrent, {layer});
  draft.function = node.op == "LSTM" ? "lstm" : node.op == "GRU" ? "gru" : "rnn";
  draft.directions = weight.dims[0];
  draft.features = state.dims[2];
  draft.bias = has_input(node, 3);
  const OnnxLayers::Shape shape{.features = draft.features * draft.directions,
                                .positions = layers_.shape(layer).positions};
  const std::string made = layers_.add(std::move(draft), shape);
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    if (i == 0) {
      make(node, made, false);
      continue;
    }
    // The last state: one position of it.
    OnnxValue all{.kind = Kind::data, .dims = dims_of(node, i)};
    all.origin = made;
    values_[node.outputs[i]] = std::move(all);
  }
}

}  // namespace wafersim::workload_detail
