// The shape rules: what all operators share, and those without matrices.
#include "workload/shapes.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/base/wide.hpp"

#include "workload/quote.hpp"
#include "workload/shape_rule.hpp"
#include "workload/window_shapes.hpp"

namespace wafersim {
namespace {

const std::array<std::string, 12> kElementwise{"gelu",  "relu",  "silu", "tanh", "sigmoid", "softmax",
                                               "scale", "shift", "clip", "exp",  "sqrt",    "hardswish"};
const std::array<std::string, 5> kNorms{"layernorm", "rmsnorm", "batchnorm", "groupnorm", "instancenorm"};
const std::array<std::string, 2> kPools{"max", "average"};
const std::array<std::string, 3> kRecurrent{"lstm", "gru", "rnn"};

}  // namespace

std::span<const std::string> functions_of(OpKind kind) {
  switch (kind) {
    case OpKind::elementwise:
      return kElementwise;
    case OpKind::norm:
      return kNorms;
    case OpKind::pool:
      return kPools;
    case OpKind::recurrent:
      return kRecurrent;
    default:
      return {};
  }
}

namespace workload_detail {

std::string shape_of(std::uint64_t features, const Extent& extent) {
  if (extent.per_token()) return fmt::format("[tokens x {}]", features);
  return fmt::format("[{}x{} x {}]", extent.width, extent.height, features);
}

std::string gives(const Layer& source) {
  return fmt::format("{} '{}' gives {}", to_string(source.kind), source.name,
                     shape_of(source.out_features, source.extent));
}

bool ShapeRule::size(std::string_view what, std::uint64_t value) {
  if (value == 0) return wrong(fmt::format("{} must be at least 1", what));
  if (value > kMaxFeatures)
    return wrong(fmt::format("{} must be at most {}, got {}", what, kMaxFeatures, value));
  return true;
}

bool ShapeRule::input_count(std::size_t least, std::size_t most) {
  if (inputs_.empty())
    return wrong("has no input; only an embedding takes the tokens, and an input makes its own data");
  if (inputs_.size() < least || inputs_.size() > most) {
    const std::string expected = least == most ? fmt::format("{}", least) : fmt::format("at least {}", least);
    return wrong(
        fmt::format("{} {} input{}, got {}", takes(), expected, expected == "1" ? "" : "s", inputs_.size()));
  }
  const auto ended = std::find_if(inputs_.begin(), inputs_.end(),
                                  [](const Layer* input) { return input->kind == OpKind::loss; });
  if (ended == inputs_.end()) return true;
  return wrong(fmt::format("takes the output of loss '{}', but a loss ends the graph", (*ended)->name));
}

bool ShapeRule::declared_input() {
  if (!draft_.in_features || *draft_.in_features == layer_.in_features) return true;
  return wrong(fmt::format("shapes do not match: {} {}, but {}", takes(), shape_of(*draft_.in_features),
                           gives(*inputs_.front())));
}

bool ShapeRule::function() {
  const std::span<const std::string> known = functions_of(layer_.kind);
  layer_.function = draft_.function;
  layer_.zeros = draft_.zeros;
  if (std::find(known.begin(), known.end(), draft_.function) != known.end()) return true;
  return wrong(
      fmt::format("unknown function {}; known: {}", in_quotes(draft_.function), fmt::join(known, ", ")));
}

// Gains and biases of a norm.
bool ShapeRule::affine() {
  layer_.vector_weights = draft_.affine ? layer_.out_features * (draft_.bias ? 2 : 1) : 0;
  layer_.window.groups = draft_.groups;
  if (draft_.groups > 0 && layer_.out_features % draft_.groups == 0) return true;
  return wrong(fmt::format("{} groups do not divide {} features", draft_.groups, layer_.out_features));
}

bool ShapeRule::solved(const std::string& problem) {
  return problem.empty() || wrong(problem);
}

bool ShapeRule::equal_inputs() {
  const Layer& first = *inputs_.front();
  Extent largest = first.extent;
  for (const Layer* input : inputs_) {
    if (largest == Extent{1, 1}) largest = input->extent;
  }
  layer_.extent = largest;
  for (const Layer* input : inputs_) {
    if (input->out_features == first.out_features) {
      // One position may stand for all of them: a scale for each channel of an image.
      if (input->extent == largest) continue;
      if (input->extent == Extent{1, 1}) continue;
    }
    return wrong(fmt::format("shapes do not match: {} equal shapes, but {} and {}", takes(), gives(first),
                             gives(*input)));
  }
  return true;
}

bool ShapeRule::concat() {
  layer_.extent = inputs_.front()->extent;
  const bool equal = std::all_of(inputs_.begin(), inputs_.end(),
                                 [&](const Layer* input) { return input->extent == layer_.extent; });
  if (!equal || draft_.along_positions) {
    // One after the other: a class token before the patches of an image.
    layer_.extent = {.width = 0, .height = 1};
    for (const Layer* input : inputs_) {
      if (input->extent.per_token() || input->out_features != inputs_.front()->out_features) {
        return wrong(
            fmt::format("shapes do not match: {} equal positions, or equal features and positions "
                        "that are not tokens, but {} and {}",
                        takes(), gives(*inputs_.front()), gives(*input)));
      }
      layer_.extent.width += input->extent.positions(0);
    }
    layer_.in_features = layer_.out_features = inputs_.front()->out_features;
    return declared_input();
  }
  for (const Layer* input : inputs_) layer_.out_features += input->out_features;
  layer_.in_features = layer_.out_features;
  return size("the sum of features", layer_.out_features) && declared_input();
}

bool ShapeRule::input() {
  if (!inputs_.empty()) {
    return wrong(fmt::format("an input makes its own data and takes no '{}'", inputs_.front()->name));
  }
  if (!size("features", draft_.features)) return false;
  layer_.in_features = layer_.out_features = draft_.features;
  if (draft_.extent) layer_.extent = *draft_.extent;
  return true;
}

bool ShapeRule::move() {
  if (!input_count(1, 1)) return false;
  layer_.in_features = inputs_.front()->out_features;
  layer_.out_features = draft_.features == 0 ? layer_.in_features : draft_.features;
  if (draft_.extent) layer_.extent = *draft_.extent;
  return size("features", layer_.out_features) && declared_input();
}

bool ShapeRule::same_shape() {
  layer_.in_features = inputs_.front()->out_features;
  layer_.out_features = layer_.kind == OpKind::loss ? 1 : layer_.in_features;
  return declared_input();
}

bool ShapeRule::apply() {
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  if (!inputs_.empty()) layer_.extent = inputs_.front()->extent;
  switch (layer_.kind) {
    case OpKind::embedding:
      return embedding();
    case OpKind::linear:
      return linear();
    case OpKind::attention:
      return attention();
    case OpKind::norm:
      return input_count(1, 1) && function() && same_shape() && affine();
    case OpKind::elementwise:
      if (!input_count(1, 1) || !function() || !same_shape()) return false;
      layer_.vector_weights = draft_.bias ? layer_.out_features : 0;
      return true;
    case OpKind::multiply:
      return input_count(2, 2) && equal_inputs() && same_shape();
    case OpKind::residual:
      return input_count(2, kAny) && equal_inputs() && same_shape();
    case OpKind::loss:
      layer_.function = "cross_entropy";
      return input_count(1, 1) && same_shape();
    case OpKind::input:
      return input();
    case OpKind::convolution:
      layer_.vector_weights = draft_.bias ? draft_.features : 0;
      return input_count(1, 1) && size("features", draft_.features) &&
             solved(convolution_shape(layer_, draft_, *inputs_.front())) && declared_input() &&
             matrix(convolution_weights(layer_));
    case OpKind::pool:
      return input_count(1, 1) && function() && same_shape() &&
             solved(pool_shape(layer_, draft_, *inputs_.front()));
    case OpKind::concat:
      return input_count(1, kAny) && concat();
    case OpKind::move:
      return move();
    case OpKind::recurrent:
      return recurrent();
  }
  return false;
}

bool infer_shape(Layer& layer, const LayerDraft& draft, const std::vector<const Layer*>& inputs,
                 const Layer* owner, GraphReport& report) {
  if (!ShapeRule{layer, draft, inputs, owner, report}.apply()) return false;
  if (Wide{layer.extent.width} * layer.extent.height <= kMaxFeatures) return true;
  report.add(draft.at, draft.name, fmt::format("has more than the {} positions allowed", kMaxFeatures));
  return false;
}

}  // namespace workload_detail
}  // namespace wafersim
