// How a value of an ONNX graph becomes the layer that an operator takes: in its size, in its order.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "workload/onnx_walk.hpp"

namespace wafersim::workload_detail {

namespace {

using Kind = OnnxValue::Kind;

}  // namespace

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

}  // namespace wafersim::workload_detail
