// Operators of ONNX that work on sums over features or positions: normalisations, pools, reductions.
#include <utility>

#include "workload/onnx_walk.hpp"

namespace wafersim::workload_detail {

namespace {

using Kind = OnnxValue::Kind;

}  // namespace

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

}  // namespace wafersim::workload_detail
