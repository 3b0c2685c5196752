// Operators of ONNX that work number by number: activations, sums, products, masks.
#include <algorithm>
#include <utility>

#include "workload/onnx_walk.hpp"

namespace wafersim::workload_detail {

namespace {

using Kind = OnnxValue::Kind;

}  // namespace

const std::map<std::string, std::string>& OnnxWalk::unary_functions() {
  static const std::map<std::string, std::string> kFunctions{
      {"Relu", "relu"},
      {"LeakyRelu", "relu"},
      {"ThresholdedRelu", "relu"},
      {"PRelu", "relu"},
      {"Elu", "exp"},
      {"Selu", "exp"},
      {"Celu", "exp"},
      {"Exp", "exp"},
      {"Log", "exp"},
      {"Softplus", "exp"},
      {"Mish", "tanh"},
      {"Sigmoid", "sigmoid"},
      {"Tanh", "tanh"},
      {"Erf", "gelu"},
      {"Gelu", "gelu"},
      {"Silu", "silu"},
      {"HardSigmoid", "clip"},
      {"HardSwish", "hardswish"},
      {"Clip", "clip"},
      {"Neg", "scale"},
      {"Abs", "scale"},
      {"Floor", "scale"},
      {"Ceil", "scale"},
      {"Round", "scale"},
      {"Sign", "scale"},
      {"Sqrt", "sqrt"},
      {"Reciprocal", "sqrt"},
      {"Softmax", "softmax"},
      {"LogSoftmax", "softmax"},
      {"Softsign", "sqrt"},
      {"Sin", "exp"},
      {"Cos", "exp"},
  };
  return kFunctions;
}

void OnnxWalk::unary(const OnnxNode& node) {
  const OnnxValue x = input(node, 0);
  if (x.kind == Kind::scores) {
    OnnxValue made = x;
    if (node.op == "Softmax") made.softmaxed = true;
    values_[node.outputs.front()] = std::move(made);
    return;
  }
  const std::string layer = settled(node, x);
  LayerDraft draft = layers_.start(node.name, OpKind::elementwise, {layer});
  draft.function = unary_functions().at(node.op);
  // Their slope below zero leaves no zeros.
  if (node.op == "LeakyRelu" || node.op == "PRelu") draft.zeros = Fraction{};
  if (node.op == "PRelu" && has_input(node, 1) && numbers_of(input(node, 1).dims) > 1) draft.bias = true;
  make_like(node, layers_.add(std::move(draft), layers_.shape(layer)), x);
}

// Whether a value that scores meet hides later keys from each query. A mask that only hides padding has a
// single row. One with a row for each query and a column for each key is looked into if it is stored with its
// data; what other masks hold is computed while the model runs, so they are taken to be causal. What differs
// between heads is no mask, but a trained bias.
bool OnnxWalk::hides_later_keys(const OnnxValue& mask, const Dims& scores) const {
  const std::size_t axes = scores.size();
  const std::size_t own = mask.dims.size();
  if (mask.kind == Kind::scores || (mask.kind == Kind::data && !mask.origin.empty())) return false;
  if (axes < 2 || own < 2 || mask.dims[own - 2] < 2 || mask.dims[own - 2] != scores[axes - 2] ||
      mask.dims[own - 1] != scores[axes - 1])
    return false;
  const auto stored = model_.weights.find(mask.origin);
  if (stored == model_.weights.end()) return true;
  const std::uint64_t matrices = numbers_of(mask.dims) / mask.dims[own - 2] / mask.dims[own - 1];
  if (mask.kind == Kind::weight && matrices > 1) return false;
  return stored->second.triangle.value_or(true);
}

void OnnxWalk::binary(const OnnxNode& node) {
  std::vector<const OnnxValue*> data;
  const OnnxValue* other = nullptr;
  for (const std::string& name : node.inputs) {
    const OnnxValue& candidate = value(name);
    if (candidate.kind == Kind::scores) {
      OnnxValue made = candidate;  // scaled or masked, they are scores still
      made.causal = made.causal || std::any_of(node.inputs.begin(), node.inputs.end(), [&](const auto& mask) {
                      return hides_later_keys(value(mask), candidate.dims);
                    });
      values_[node.outputs.front()] = std::move(made);
      return;
    }
    if (candidate.kind == Kind::data) data.push_back(&candidate);
    if (candidate.kind != Kind::data) other = &candidate;
  }
  const OnnxValue first = *data.front();
  if (data.size() == 1) return with_constant(node, first, other == nullptr ? first : OnnxValue{*other});
  const OnnxValue second = *data[1];
  const bool sum = node.op == "Add" || node.op == "Sub" || node.op == "Where";
  const std::vector<std::string> inputs{settled(node, first), settled(node, second)};
  const bool larger = layers_.shape(inputs[1]).positions > layers_.shape(inputs[0]).positions;
  const std::string made =
      layers_.add(layers_.start(node.name, sum ? OpKind::residual : OpKind::multiply, inputs),
                  layers_.shape(inputs[larger ? 1 : 0]));
  make_like(node, made, larger ? second : first);
}

// A vector of features is trained: a bias of the product before, or a layer that scales or shifts. A table
// with a row for each position is an embedding that is added. Anything else is a constant.
void OnnxWalk::with_constant(const OnnxNode& node, const OnnxValue& x, const OnnxValue& other) {
  const std::string layer = settled(node, x);
  const OnnxLayers::Shape shape = layers_.shape(layer);
  const std::uint64_t numbers = numbers_of(other.dims);
  const bool trained = other.kind == Kind::weight && numbers > 1;
  const bool sum = node.op == "Add" || node.op == "Sub";
  if (trained && sum && numbers == shape.features) {
    LayerDraft* last = layers_.last_unused(layer);
    if (last != nullptr && has_matrix(last->op) && last->op != OpKind::embedding && !last->bias) {
      last->bias = true;
      return make_like(node, layer, x);
    }
  }
  if (trained && sum && numbers == shape.features * shape.positions && shape.positions > 1) {
    LayerDraft table = layers_.start(other.origin, OpKind::embedding, {});
    table.rows = shape.positions;
    table.features = shape.features;
    if (shape.positions != layers_.tokens()) table.extent = Extent{.width = shape.positions, .height = 1};
    const std::string positions = layers_.add(std::move(table), shape);
    return make_like(node, layers_.add(layers_.start(node.name, OpKind::residual, {layer, positions}), shape),
                     x);
  }
  LayerDraft draft = layers_.start(node.name, OpKind::elementwise, {layer});
  draft.function = sum ? "shift" : node.op == "Pow" ? "sqrt" : "scale";
  draft.bias = trained && numbers == shape.features;
  make_like(node, layers_.add(std::move(draft), shape), x);
}

void OnnxWalk::many(const OnnxNode& node) {
  std::vector<std::string> inputs;
  const OnnxValue* first = nullptr;
  for (const std::string& name : node.inputs) {
    if (value(name).kind != Kind::data) continue;
    if (first == nullptr) first = &value(name);
    inputs.push_back(settled(node, value(name)));
  }
  const OnnxValue like = *first;
  if (inputs.size() == 1) return make_like(node, inputs.front(), like);
  const OnnxLayers::Shape shape = layers_.shape(inputs.front());
  make_like(node, layers_.add(layers_.start(node.name, OpKind::residual, inputs), shape), like);
}

}  // namespace wafersim::workload_detail
