// Operators of ONNX that change where numbers are, not what they are.
#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "workload/onnx_walk.hpp"

namespace wafersim::workload_detail {
namespace {

using Kind = OnnxValue::Kind;

bool is_identity(const std::vector<std::size_t>& order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != i) return false;
  }
  return true;
}

// Axis 1 to the end, the others in their order: [n, c, h, w] to [n, h, w, c].
bool moves_channels_back(const std::vector<std::size_t>& order) {
  const std::size_t rank = order.size();
  if (rank < 3 || order[0] != 0 || order[rank - 1] != 1) return false;
  for (std::size_t i = 1; i + 1 < rank; ++i) {
    if (order[i] != i + 1) return false;
  }
  return true;
}

// The last axis to place 1.
bool moves_channels_front(const std::vector<std::size_t>& order) {
  const std::size_t rank = order.size();
  if (rank < 3 || order[0] != 0 || order[1] != rank - 1) return false;
  for (std::size_t i = 2; i < rank; ++i) {
    if (order[i] != i - 1) return false;
  }
  return true;
}

// Whether an axis is among the last ones of its layer, those that together are its features: of
// [batch, tokens, heads, features of a head] these are two.
bool along_features(const OnnxValue& value, std::size_t axis, std::uint64_t features) {
  if (value.channels_first) return axis == 1;
  const std::size_t rank = value.dims.size();
  Dims dims = value.dims;
  std::size_t own = axis;  // where the axis was before axes were exchanged
  if (value.order.size() == rank) {
    for (std::size_t i = 0; i < rank; ++i) dims[value.order[i]] = value.dims[i];
    own = value.order[axis];
  }
  std::size_t first = rank - 1;
  for (std::uint64_t product = dims[first]; product < features && first > 1; product *= dims[first]) --first;
  return own >= first;
}

}  // namespace

void OnnxWalk::side(const OnnxNode& node) {
  // A weight that only changes its shape is a weight still.
  const bool keeps_weight = node.op == "Reshape" || node.op == "Unsqueeze" || node.op == "Squeeze" ||
                            node.op == "Transpose" || node.op == "Identity" || node.op == "Cast" ||
                            node.op == "Expand" || node.op == "Flatten";
  const bool of_weight =
      keeps_weight && !node.inputs.empty() && value(node.inputs.front()).kind == Kind::weight;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    OnnxValue made;
    if (of_weight) made = value(node.inputs.front());
    const auto shape = model_.shapes.find(node.outputs[i]);
    made.dims = shape == model_.shapes.end() ? Dims{} : shape->second.dims;
    if (node.op == "Transpose") made.shuffled = !made.shuffled;
    values_[node.outputs[i]] = std::move(made);
  }
}

void OnnxWalk::pass(const OnnxNode& node) {
  for (const std::string& name : node.inputs) {
    const OnnxValue from = value(name);
    if (from.kind != Kind::data && from.kind != Kind::scores) continue;
    for (const std::string& output : node.outputs) values_[output] = OnnxValue{};
    OnnxValue made = from;
    const auto shape = model_.shapes.find(node.outputs.front());
    if (shape != model_.shapes.end()) made.dims = shape->second.dims;
    values_[node.outputs.front()] = std::move(made);
    return;
  }
}

void OnnxWalk::reshape(const OnnxNode& node) {
  const OnnxValue from = input(node, 0);
  OnnxValue made = from;
  made.dims = dims_of(node);
  made.order.clear();
  if (from.kind == Kind::data) {
    const OnnxLayers::Shape shape = layers_.shape(origin_of(node, from));
    const bool images = made.dims.size() >= 3 && made.dims[1] == shape.features;
    made.channels_first = images && (from.channels_first || shape.positions == 1);
  }
  values_[node.outputs.front()] = std::move(made);
}

void OnnxWalk::transpose(const OnnxNode& node) {
  const OnnxValue from = input(node, 0);
  if (from.kind == Kind::scores) return alias(node, from);
  OnnxValue made = from;
  made.dims = dims_of(node);
  const std::size_t rank = from.dims.size();
  std::vector<std::size_t> order(rank);
  for (std::size_t i = 0; i < rank; ++i) order[i] = rank - 1 - i;
  const auto given = node.ints.find("perm");
  if (given != node.ints.end() && given->second.size() == rank) {
    for (std::size_t i = 0; i < rank; ++i) order[i] = axis_of(node, given->second[i], rank);
  }
  const OnnxLayers::Shape shape = layers_.shape(origin_of(node, from));
  if (!from.shuffled && from.channels_first && moves_channels_back(order) && from.dims[1] == shape.features) {
    made.channels_first = false;
  } else if (!from.shuffled && !from.channels_first && moves_channels_front(order) &&
             from.dims.back() == shape.features) {
    made.channels_first = true;
  } else if (from.shuffled && from.order.size() == rank) {
    for (std::size_t i = 0; i < rank; ++i) made.order[i] = from.order[order[i]];
    made.shuffled = !is_identity(made.order);
    if (!made.shuffled) made.order.clear();
  } else if (!is_identity(order)) {
    made.order = from.shuffled ? std::vector<std::size_t>{} : order;
    made.shuffled = true;
  }
  values_[node.outputs.front()] = std::move(made);
}

// A part of the features is still the same layer until somebody takes it: an attention takes all three parts
// of a fused projection as they are. A part of the positions is moved.
void OnnxWalk::part(const OnnxNode& node) {
  const OnnxValue from = input(node, 0);
  if (from.kind == Kind::scores) return pass(node);
  const OnnxLayers::Shape shape = layers_.shape(origin_of(node, from));
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    OnnxValue made = from;
    made.dims = dims_of(node, i);
    const std::uint64_t numbers = per_sample(node, made.dims);
    std::size_t changed = 0;
    while (changed < made.dims.size() && changed < from.dims.size() &&
           made.dims[changed] == from.dims[changed])
      ++changed;
    const std::size_t features_at = from.channels_first ? 1 : from.dims.size() - 1;
    const bool of_features = changed == features_at || (!from.channels_first && from.dims.size() > 3);
    if (numbers % shape.positions != 0 || (!of_features && changed < from.dims.size())) {
      const std::uint64_t features = from.channels_first ? made.dims.at(1) : made.dims.back();
      const std::optional<Extent> extent = from.channels_first && made.dims.size() == 4
                                               ? std::optional{Extent{made.dims[3], made.dims[2]}}
                                               : std::nullopt;
      made.origin = shaped(node, from, {.features = features, .positions = numbers / features}, extent);
      made.shuffled = false;
      made.order.clear();
    }
    values_[node.outputs[i]] = std::move(made);
  }
}

void OnnxWalk::expand(const OnnxNode& node) {
  alias(node, input(node, 0));
}

void OnnxWalk::move(const OnnxNode& node) {
  const OnnxValue from = input(node, 0);
  if (from.kind == Kind::scores) return pass(node);
  const Dims& out = dims_of(node);
  const std::uint64_t features = from.channels_first ? out.at(1) : out.back();
  const std::uint64_t positions = per_sample(node, out) / features;
  const std::string origin = origin_of(node, from);
  LayerDraft draft = layers_.start(node.name, OpKind::move, {origin});
  draft.features = features;
  if (positions != layers_.shape(origin).positions) {
    draft.extent = from.channels_first && out.size() == 4 ? std::optional{Extent{out[3], out[2]}}
                                                          : layers_.extent(positions);
  }
  make(node, layers_.add(std::move(draft), {.features = features, .positions = positions}),
       from.channels_first);
}

void OnnxWalk::concat(const OnnxNode& node) {
  std::vector<std::string> inputs;
  const OnnxValue* like = nullptr;
  for (const std::string& name : node.inputs) {
    if (value(name).kind == Kind::data && like == nullptr) like = &value(name);
  }
  const OnnxValue first = like == nullptr ? OnnxValue{} : *like;
  if (like == nullptr) return pass(node);  // scores
  const std::size_t axis = axis_of(node, node.number("axis", 1), first.dims.size());
  const std::uint64_t own_features = layers_.shape(origin_of(node, first)).features;
  const bool of_features = along_features(first, axis, own_features);
  OnnxLayers::Shape shape{.features = 0, .positions = 0};
  for (const std::string& name : node.inputs) {
    const OnnxValue part = value(name);
    std::string layer;
    if (part.kind == Kind::data) {
      layer = of_features ? settled(node, part) : with_features(node, part, own_features);
    } else if (part.kind == Kind::weight) {
      // A trained row, such as the class token of a vision transformer.
      LayerDraft row = layers_.start(part.origin, OpKind::embedding, {});
      const std::uint64_t numbers = numbers_of(model_.weights.at(part.origin).dims);
      if (own_features == 0 || numbers == 0 || numbers % own_features != 0)
        refuse(node, "a weight beside data has another number of features");
      row.rows = numbers / own_features;
      row.features = own_features;
      row.extent = Extent{.width = row.rows, .height = 1};
      const OnnxLayers::Shape rows{.features = own_features, .positions = row.rows};
      layer = layers_.add(std::move(row), rows);
    } else {
      continue;  // a constant
    }
    const OnnxLayers::Shape& own = layers_.shape(layer);
    inputs.push_back(layer);
    shape = of_features
                ? OnnxLayers::Shape{.features = shape.features + own.features, .positions = own.positions}
                : OnnxLayers::Shape{.features = own.features, .positions = shape.positions + own.positions};
  }
  if (inputs.size() == 1) return make_like(node, inputs.front(), first);
  LayerDraft draft = layers_.start(node.name, OpKind::concat, inputs);
  draft.along_positions = !of_features;
  make_like(node, layers_.add(std::move(draft), shape), first);
}

// Rows of a table, chosen by whole numbers, are an embedding; one index into data picks a part of it.
void OnnxWalk::gather(const OnnxNode& node) {
  const OnnxValue table = input(node, 0);
  if (table.kind == Kind::data) return part(node);
  if (table.kind == Kind::scores) return pass(node);
  const auto shape = node.outputs.empty() ? model_.shapes.end() : model_.shapes.find(node.outputs.front());
  if (table.kind != Kind::weight || table.dims.size() != 2 || shape == model_.shapes.end()) return side(node);
  const Dims& out = shape->second.dims;
  const std::uint64_t numbers = numbers_of(out);
  if (numbers == 0 || out.back() != table.dims[1]) return side(node);
  const bool of_batch = out.front() == batch_ && numbers % batch_ == 0;
  const std::uint64_t positions = numbers / (of_batch ? batch_ : 1) / table.dims[1];
  LayerDraft draft = layers_.start(table.origin, OpKind::embedding, {});
  draft.rows = table.dims[0];
  draft.features = table.dims[1];
  if (positions != layers_.tokens()) draft.extent = Extent{.width = positions, .height = 1};
  const auto [owner, fresh] = matrix_owner_.try_emplace(table.origin, draft.name);
  if (!fresh) draft.tied_to = Reference{.layer = owner->second, .at = draft.at};
  OnnxValue made{.kind = Kind::data, .dims = out};
  made.origin = layers_.add(std::move(draft), {.features = table.dims[1], .positions = positions});
  if (!of_batch) made.dims.front() *= batch_;  // one for all samples
  values_[node.outputs.front()] = std::move(made);
}

}  // namespace wafersim::workload_detail
