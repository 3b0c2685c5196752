// Walks over an ONNX graph: which operator goes where, what enters the graph and what leaves it.
#include "workload/onnx_import.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "workload/graph_order.hpp"
#include "workload/graph_writer.hpp"
#include "workload/onnx_walk.hpp"
#include "workload/quote.hpp"

namespace wafersim::workload_detail {
namespace {

using Kind = OnnxValue::Kind;

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

// Layers that share neither data nor weights with the first ones are another model.
void OnnxWalk::check_connected(const Graph& graph) const {
  std::vector<Nodes> links;
  for (const Layer& layer : graph.layers) {
    Nodes& own = links.emplace_back(layer.inputs.begin(), layer.inputs.end());
    if (layer.tied_to) own.push_back(*layer.tied_to);
  }
  const std::optional<std::uint32_t> apart = first_apart(links);
  if (!apart) return;
  throw InputError{{.at = {.file = file_},
                    .key = in_quotes(graph.layers[*apart].name),
                    .message = fmt::format("nothing connects it with {}: the graph falls apart",
                                           in_quotes(graph.layers.front().name))}};
}

ImportedModel OnnxWalk::run(const std::string& name) {
  take_inputs();
  for (const OnnxNode& node : model_.nodes) visit(node);
  problems_.throw_if_any();
  finish();
  ImportedModel imported;
  imported.graph = layers_.build(name);
  check_connected(imported.graph);
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

ImportedModel import_onnx(const OnnxModel& model, const std::string& file, const std::string& name,
                          UnknownOperators unknown) {
  const OnnxModel fused = fuse_parts(model);
  return OnnxWalk{fused, file, unknown}.run(name);
}

}  // namespace wafersim::workload_detail
