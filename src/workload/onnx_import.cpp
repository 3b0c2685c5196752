// Which operator becomes which layer; activations, sums, normalisations and pools.
#include "workload/onnx_import.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "wafersim/base/wide.hpp"

#include "workload/graph_writer.hpp"
#include "workload/onnx_walk.hpp"
#include "workload/quote.hpp"

namespace wafersim::workload_detail {
namespace {

using Kind = OnnxValue::Kind;

std::uint64_t numbers_of(const Dims& dims) {
  std::uint64_t numbers = 1;
  for (const std::uint64_t dim : dims) numbers *= dim;  // checked when it was read
  return numbers;
}

// Recurrent networks put the batch second.
bool batch_is_second(const OnnxTensor& tensor) {
  return tensor.dims.size() >= 2 && tensor.symbolic_second && !tensor.symbolic_first && tensor.dims[0] > 1;
}

// Tokens of the sequence, if the first input says so: [batch, tokens] of whole numbers, or
// [batch, tokens, features] with a name for the tokens.
std::uint64_t tokens_of(const OnnxModel& model) {
  for (const std::string& input : model.inputs) {
    const auto shape = model.shapes.find(input);
    if (shape == model.shapes.end()) continue;
    const OnnxTensor& tensor = shape->second;
    const bool ids = !tensor.real && tensor.dims.size() == 2;
    if (tensor.dims.size() == 3 && batch_is_second(tensor)) return tensor.dims[0];
    if (ids || (tensor.real && tensor.dims.size() == 3 && tensor.symbolic_second)) return tensor.dims[1];
  }
  return 0;
}

}  // namespace

OnnxWalk::OnnxWalk(const OnnxModel& model, std::string file, UnknownOperators unknown)
    : model_{model}, file_{std::move(file)}, unknown_{unknown}, layers_{file_, tokens_of(model)} {
}

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

const std::map<std::string, OnnxWalk::Handler>& OnnxWalk::handlers() {
  using W = OnnxWalk;
  static const std::map<std::string, Handler> kHandlers = [] {
    std::map<std::string, Handler> all{
        {"Conv", &W::convolution},
        {"ConvTranspose", &W::convolution},
        {"Gemm", &W::gemm},
        {"MatMul", &W::matmul},
        {"LSTM", &W::recurrent},
        {"GRU", &W::recurrent},
        {"RNN", &W::recurrent},
        {"LRN", &W::lrn},
        {"Concat", &W::concat},
        {"Gather", &W::gather},
        {"Transpose", &W::transpose},
        {"Sum", &W::many},
        {"Mean", &W::many},
        {"Max", &W::many},
        {"Min", &W::many},
    };
    for (const char* op : {"BatchNormalization", "LayerNormalization", "GroupNormalization",
                           "InstanceNormalization", "RMSNormalization"})
      all[op] = &W::norm;
    for (const char* op :
         {"MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"})
      all[op] = &W::pool;
    for (const char* op : {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
                           "ReduceSumSquare", "ReduceProd", "ReduceLogSumExp", "ArgMax", "ArgMin"})
      all[op] = &W::reduce;
    for (const char* op : {"Reshape", "Flatten", "Squeeze", "Unsqueeze"}) all[op] = &W::reshape;
    for (const char* op : {"Identity", "Dropout", "Cast", "CastLike"}) all[op] = &W::pass;
    for (const char* op : {"Slice", "Split"}) all[op] = &W::part;
    for (const char* op : {"Expand", "Tile"}) all[op] = &W::expand;
    for (const char* op :
         {"Pad", "Resize", "Upsample", "DepthToSpace", "SpaceToDepth", "GridSample", "Trilu"})
      all[op] = &W::move;
    for (const char* op : {"Add", "Sub", "Mul", "Div", "Pow", "Where", "Mod"}) all[op] = &W::binary;
    for (const char* op : {"Shape",
                           "Size",
                           "Range",
                           "ConstantOfShape",
                           "NonZero",
                           "Equal",
                           "Less",
                           "Greater",
                           "Not",
                           "And",
                           "Or",
                           "LessOrEqual",
                           "GreaterOrEqual",
                           "CumSum",
                           "GatherND",
                           "ScatterND",
                           "GatherElements",
                           "OneHot",
                           "IsNaN",
                           "RandomNormalLike",
                           "EyeLike"})
      all[op] = &W::side;
    for (const auto& [op, function] : unary_functions()) all[op] = &W::unary;
    return all;
  }();
  return kHandlers;
}

ImportedModel OnnxWalk::run(const std::string& name) {
  take_inputs();
  for (const OnnxNode& node : model_.nodes) visit(node);
  problems_.throw_if_any();
  finish();
  ImportedModel imported;
  imported.graph = layers_.build(name);
  imported.key = "graph";
  imported.resolved = write_graph(imported.graph);
  imported.max_positions = layers_.tokens() > 0 ? layers_.tokens() : 1;
  imported.fixed_sequence = true;
  imported.not_modelled = std::move(skipped_);
  return imported;
}

void OnnxWalk::take_inputs() {
  for (const auto& [name, tensor] : model_.weights) {
    values_[name] = {.kind = tensor.real ? Kind::weight : Kind::side, .dims = tensor.dims, .origin = name};
  }
  bool first = true;
  for (const std::string& name : model_.inputs) {
    const auto shape = model_.shapes.find(name);
    if (shape == model_.shapes.end()) {
      throw InputError{{.at = {.file = file_}, .key = in_quotes(name), .message = "an input has no shape"}};
    }
    const OnnxTensor& tensor = shape->second;
    if (numbers_of(tensor.dims) == 0) {
      throw InputError{{.at = {.file = file_}, .key = in_quotes(name), .message = "an input is empty"}};
    }
    if (std::exchange(first, false) && !tensor.dims.empty())
      batch_ = tensor.dims[batch_is_second(tensor) ? 1 : 0];
    OnnxValue entering{.kind = tensor.real ? Kind::data : Kind::side, .dims = tensor.dims};
    entering.channels_first = tensor.dims.size() >= 4;
    entering.entering = name;
    values_[name] = std::move(entering);
  }
}

// Masks may be floating point as well, so an input of the graph becomes a layer only when a layer takes it.
std::string OnnxWalk::origin_of(const OnnxNode& node, const OnnxValue& value) {
  if (!value.origin.empty()) return value.origin;
  if (value.entering.empty()) refuse(node, "takes numbers that no layer makes");
  const auto [known, fresh] = entered_.try_emplace(value.entering);
  if (fresh) {
    const Dims& dims = model_.shapes.at(value.entering).dims;
    const bool image = dims.size() >= 4;
    const OnnxLayers::Shape shape{.features = image             ? dims[1]
                                              : dims.size() > 1 ? dims.back()
                                                                : 1,
                                  .positions = 0};
    const std::uint64_t positions = std::max<std::uint64_t>(1, per_sample(node, dims) / shape.features);
    LayerDraft draft = layers_.start(value.entering, OpKind::input, {});
    draft.features = shape.features;
    draft.extent = dims.size() == 4 ? Extent{.width = dims[3], .height = dims[2]} : layers_.extent(positions);
    if (draft.extent->per_token()) draft.extent.reset();
    known->second = layers_.add(std::move(draft), {.features = shape.features, .positions = positions});
  }
  return known->second;
}

void OnnxWalk::visit(const OnnxNode& node) {
  const auto known = handlers().find(node.op);
  // What hangs on nothing but weights, shapes and masks makes no layer.
  const bool any_data = std::any_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
    const auto found = values_.find(name);
    return found != values_.end() && (found->second.kind == Kind::data || found->second.kind == Kind::scores);
  });
  if (known == handlers().end()) {
    const std::string what = fmt::format("operator {} of node {}", in_quotes(node.op), in_quotes(node.name));
    skipped_.push_back(what);
    if (unknown_ == UnknownOperators::stop) {
      problems_.add({.file = file_}, {},
                    fmt::format("{} is not known; --unknown=skip would leave it out", what));
    }
    return any_data ? pass(node) : side(node);
  }
  if (!any_data && node.op != "Gather") return side(node);
  (this->*known->second)(node);
}

void OnnxWalk::finish() {
  const OnnxNode end{
      .name = "loss", .op = "loss", .inputs = model_.outputs, .outputs = {}, .ints = {}, .texts = {}};
  for (const std::string& name : model_.outputs) {
    const OnnxValue& made = value(name);
    if (made.kind != Kind::data) continue;
    const std::string layer = settled(end, made);
    layers_.add(layers_.start("loss", OpKind::loss, {layer}), {.features = 1, .positions = 1});
  }
}

void OnnxWalk::refuse(const OnnxNode& node, const std::string& message) const {
  std::vector<Problem> problems = problems_.items();
  problems.push_back({.at = {.file = file_},
                      .key = fmt::format("{} {}", in_quotes(node.op), in_quotes(node.name)),
                      .message = message});
  throw InputError{std::move(problems)};
}

const OnnxValue& OnnxWalk::value(const std::string& name) const {
  static const OnnxValue kNone;
  const auto known = values_.find(name);
  return known == values_.end() ? kNone : known->second;
}

const OnnxValue& OnnxWalk::input(const OnnxNode& node, std::size_t index) const {
  if (index >= node.inputs.size()) refuse(node, fmt::format("has no input {}", index));
  return value(node.inputs[index]);
}

bool OnnxWalk::has_input(const OnnxNode& node, std::size_t index) const {
  return index < node.inputs.size() && !node.inputs[index].empty();
}

const Dims& OnnxWalk::dims_of(const OnnxNode& node, std::size_t output) const {
  const auto shape =
      output < node.outputs.size() ? model_.shapes.find(node.outputs[output]) : model_.shapes.end();
  if (shape == model_.shapes.end()) {
    refuse(node,
           "the shape of its output cannot be inferred; bind all dimensions, or export the model with its "
           "shapes");
  }
  if (numbers_of(shape->second.dims) == 0) refuse(node, "its output is empty");
  return shape->second.dims;
}

std::size_t OnnxWalk::axis_of(const OnnxNode& node, std::int64_t axis, std::size_t rank) const {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank)
    refuse(node, fmt::format("has no axis {} in {} dimensions", axis, rank));
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

std::uint64_t OnnxWalk::per_sample(const OnnxNode& node, const Dims& dims) const {
  const std::uint64_t numbers = numbers_of(dims);
  if (numbers % batch_ == 0) return numbers / batch_;
  refuse(node, fmt::format("{} numbers are not shared evenly by a batch of {}", numbers, batch_));
}

std::string OnnxWalk::settled(const OnnxNode& node, const OnnxValue& value) {
  const std::uint64_t numbers = per_sample(node, value.dims);
  const std::string origin = origin_of(node, value);
  const OnnxLayers::Shape own = layers_.shape(origin);
  if (own.features * own.positions == numbers) return origin;
  // The last state of a recurrence.
  if (own.features == numbers) return shaped(node, value, {.features = numbers, .positions = 1}, {});
  if (numbers % own.positions == 0) {
    return shaped(node, value, {.features = numbers / own.positions, .positions = own.positions}, {});
  }
  const std::uint64_t features = value.channels_first ? value.dims.at(1) : value.dims.back();
  return shaped(node, value,
                {.features = features, .positions = std::max<std::uint64_t>(1, numbers / features)}, {});
}

std::string OnnxWalk::shaped(const OnnxNode& node, const OnnxValue& value, OnnxLayers::Shape shape,
                             std::optional<Extent> extent) {
  const std::string origin = origin_of(node, value);
  const OnnxLayers::Shape own = layers_.shape(origin);
  if (own.features == shape.features && own.positions == shape.positions && !value.shuffled) return origin;
  LayerDraft draft = layers_.start(origin + ".move", OpKind::move, {origin});
  draft.features = shape.features;
  if (own.positions != shape.positions) draft.extent = extent ? extent : layers_.extent(shape.positions);
  return layers_.add(std::move(draft), shape);
}

std::string OnnxWalk::as_image(const OnnxNode& node, const OnnxValue& value) {
  if (value.dims.size() < 3)
    refuse(node, fmt::format("needs an image, got {} dimensions", value.dims.size()));
  const std::uint64_t channels = value.dims[1];
  const std::uint64_t positions = per_sample(node, value.dims) / channels;
  const Extent extent = value.dims.size() == 4 ? Extent{.width = value.dims[3], .height = value.dims[2]}
                                               : Extent{.width = positions, .height = 1};
  return shaped(node, value, {.features = channels, .positions = positions}, extent);
}

std::string OnnxWalk::with_features(const OnnxNode& node, const OnnxValue& value, std::uint64_t features) {
  const std::uint64_t numbers = per_sample(node, value.dims);
  if (features == 0 || numbers % features != 0)
    refuse(node, fmt::format("{} numbers of a sample have no rows of {}", numbers, features));
  return shaped(node, value, {.features = features, .positions = numbers / features}, {});
}

void OnnxWalk::make(const OnnxNode& node, const std::string& layer, bool channels_first, std::size_t output) {
  if (output >= node.outputs.size()) return;
  OnnxValue made{.kind = Kind::data, .dims = dims_of(node, output), .origin = layer};
  made.channels_first = channels_first;
  values_[node.outputs[output]] = std::move(made);
}

void OnnxWalk::make_like(const OnnxNode& node, const std::string& layer, const OnnxValue& like) {
  OnnxValue made = like;
  made.kind = Kind::data;
  made.dims = dims_of(node);
  made.origin = layer;
  values_[node.outputs.front()] = std::move(made);
}

void OnnxWalk::alias(const OnnxNode& node, const OnnxValue& from) {
  OnnxValue made = from;
  made.dims = dims_of(node);
  values_[node.outputs.front()] = std::move(made);
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
  if (node.op == "PRelu" && has_input(node, 1) && numbers_of(input(node, 1).dims) > 1) draft.bias = true;
  make_like(node, layers_.add(std::move(draft), layers_.shape(layer)), x);
}

// Whether scores meet a mask that differs between queries, as causal ones do; one that only hides padding has
// a single row. What the mask holds is computed while the model runs, so more cannot be known.
bool OnnxWalk::has_mask_of_rows(const OnnxNode& node, const OnnxValue& scores) {
  const std::size_t axes = scores.dims.size();
  return axes >= 2 && std::any_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
           const OnnxValue& mask = value(name);
           const std::size_t own = mask.dims.size();
           const bool no_layer = mask.kind == Kind::side || (mask.kind == Kind::data && mask.origin.empty());
           return no_layer && own >= 2 && mask.dims[own - 2] > 1 &&
                  mask.dims[own - 2] == scores.dims[axes - 2] && mask.dims[own - 1] == scores.dims[axes - 1];
         });
}

void OnnxWalk::binary(const OnnxNode& node) {
  std::vector<const OnnxValue*> data;
  const OnnxValue* other = nullptr;
  for (const std::string& name : node.inputs) {
    const OnnxValue& candidate = value(name);
    if (candidate.kind == Kind::scores) {
      OnnxValue made = candidate;  // scaled or masked, they are scores still
      made.causal = made.causal || has_mask_of_rows(node, made);
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

void OnnxWalk::norm(const OnnxNode& node) {
  const OnnxValue x = input(node, 0);
  const bool over_features = node.op == "LayerNormalization" || node.op == "RMSNormalization";
  std::string layer;
  if (over_features) {
    const std::size_t axis = axis_of(node, node.number("axis", -1), x.dims.size());
    std::uint64_t features = 1;
    for (std::size_t i = axis; i < x.dims.size(); ++i) features *= x.dims[i];
    layer = with_features(node, x, features);
  } else {
    layer = x.dims.size() >= 3 ? as_image(node, x) : settled(node, x);
  }
  const OnnxLayers::Shape shape = layers_.shape(layer);
  LayerDraft draft = layers_.start(has_input(node, 1) ? node.inputs[1] : node.name, OpKind::norm, {layer});
  static const std::map<std::string, std::string> kFunctions{{"BatchNormalization", "batchnorm"},
                                                             {"LayerNormalization", "layernorm"},
                                                             {"RMSNormalization", "rmsnorm"},
                                                             {"GroupNormalization", "groupnorm"},
                                                             {"InstanceNormalization", "instancenorm"}};
  draft.function = kFunctions.at(node.op);
  draft.affine = has_input(node, 1) && numbers_of(input(node, 1).dims) == shape.features;
  draft.bias = has_input(node, 2);
  if (draft.function == "groupnorm") draft.groups = static_cast<std::uint64_t>(node.number("num_groups", 1));
  const std::string made = layers_.add(std::move(draft), shape);
  OnnxValue like = x;
  like.shuffled = false;
  like.order.clear();
  if (!over_features && x.dims.size() >= 3) like.channels_first = true;
  make_like(node, made, like);
}

void OnnxWalk::pool(const OnnxNode& node) {
  const OnnxValue x = input(node, 0);
  if (x.dims.size() > 4) refuse(node, "pools over three dimensions are not supported");
  const std::string layer = as_image(node, x);
  const Dims& out = dims_of(node);
  LayerDraft draft = layers_.start(node.name, OpKind::pool, {layer});
  draft.function = node.op.find("Max") == std::string::npos ? "average" : "max";
  if (out.size() < 3 || out[1] != x.dims[1]) refuse(node, "its output has another number of channels");
  const OnnxLayers::Shape shape{.features = out[1], .positions = per_sample(node, out) / out[1]};
  const auto kernel = node.ints.find("kernel_shape");
  if (kernel != node.ints.end() && !kernel->second.empty()) {
    const auto side = [&](const std::string& attribute, std::size_t from_end) -> std::uint64_t {
      const auto list = node.ints.find(attribute);
      if (list == node.ints.end() || list->second.size() < from_end + 1) return 1;
      return static_cast<std::uint64_t>(list->second[list->second.size() - 1 - from_end]);
    };
    const auto both = [&](const std::string& attribute) {
      return Extent{.width = side(attribute, 0), .height = x.dims.size() == 4 ? side(attribute, 1) : 1};
    };
    draft.kernel = both("kernel_shape");
    draft.stride = both("strides");
    draft.dilation = both("dilations");
    draft.extent = Extent{.width = out.back(), .height = out.size() == 4 ? out[2] : 1};
  }
  make(node, layers_.add(std::move(draft), shape), true);
}

// Over positions it is a pool; over features, one number for each position.
void OnnxWalk::reduce(const OnnxNode& node) {
  const OnnxValue x = input(node, 0);
  const Dims& out = dims_of(node);
  const std::string layer = settled(node, x);
  const OnnxLayers::Shape shape = layers_.shape(layer);
  const std::uint64_t left = per_sample(node, out);
  LayerDraft draft;
  if (left == shape.features) {
    draft = layers_.start(node.name, OpKind::pool, {layer});
    draft.function = node.op.find("Max") == std::string::npos ? "average" : "max";
    return make(node, layers_.add(std::move(draft), {.features = shape.features, .positions = 1}),
                out.size() > 2);
  }
  draft = layers_.start(node.name, OpKind::norm, {layer});
  draft.function = "rmsnorm";
  draft.affine = false;
  const std::string statistics = layers_.add(std::move(draft), shape);
  OnnxValue reduced{.kind = Kind::data, .dims = out, .origin = statistics};
  const std::uint64_t positions = left % shape.positions == 0 ? shape.positions : 1;
  const std::string made = shaped(node, reduced, {.features = left / positions, .positions = positions}, {});
  make(node, made, false);
}

// Squares of neighbouring features are added up: the work of a norm without a gain.
void OnnxWalk::lrn(const OnnxNode& node) {
  const OnnxValue x = input(node, 0);
  const std::string layer = as_image(node, x);
  LayerDraft draft = layers_.start(node.name, OpKind::norm, {layer});
  draft.function = "rmsnorm";
  draft.affine = false;
  make(node, layers_.add(std::move(draft), layers_.shape(layer)), true);
}

ImportedModel import_onnx(const OnnxModel& model, const std::string& file, const std::string& name,
                          UnknownOperators unknown) {
  const OnnxModel fused = fuse_parts(model);
  return OnnxWalk{fused, file, unknown}.run(name);
}

}  // namespace wafersim::workload_detail
