// The shape rules, one function for each kind of operator.
#include "workload/shapes.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/base/suggest.hpp"
#include "wafersim/base/wide.hpp"

#include "workload/quote.hpp"
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
namespace {

std::string shape_of(std::uint64_t features, const Extent& extent = {}) {
  if (extent.per_token()) return fmt::format("[tokens x {}]", features);
  return fmt::format("[{}x{} x {}]", extent.width, extent.height, features);
}

std::string gives(const Layer& source) {
  return fmt::format("{} '{}' gives {}", to_string(source.kind), source.name,
                     shape_of(source.out_features, source.extent));
}

// One layer under examination; each rule returns whether the layer is right.
class ShapeRule {
 public:
  ShapeRule(Layer& layer, const LayerDraft& draft, const std::vector<const Layer*>& inputs,
            const Layer* owner, GraphReport& report)
      : layer_{layer}, draft_{draft}, inputs_{inputs}, owner_{owner}, report_{report} {}

  bool apply();

 private:
  bool wrong(std::string message) {
    report_.add(draft_.at, draft_.name, std::move(message));
    return false;
  }
  [[nodiscard]] std::string takes() const {
    return fmt::format("{} '{}' takes", to_string(layer_.kind), layer_.name);
  }
  bool size(std::string_view what, std::uint64_t value);
  bool input_count(std::size_t least, std::size_t most);
  bool declared_input();
  bool function();
  bool affine();
  bool matrix(Wide weights);
  bool solved(const std::string& problem);
  bool tie();
  bool equal_inputs();
  bool split_inputs();
  bool heads();
  bool embedding();
  bool linear();
  bool attention();
  bool concat();
  bool input();
  bool move();
  bool recurrent();
  bool same_shape();

  Layer& layer_;
  const LayerDraft& draft_;
  const std::vector<const Layer*>& inputs_;
  const Layer* owner_;
  GraphReport& report_;
};

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

bool ShapeRule::matrix(Wide weights) {
  if (weights > std::numeric_limits<std::uint64_t>::max()) {
    return wrong(fmt::format("a matrix of {} x {} has more weights than 64 bits can count",
                             layer_.out_features, layer_.in_features));
  }
  layer_.matrix_weights = static_cast<std::uint64_t>(weights);
  return tie();
}

bool ShapeRule::tie() {
  if (owner_ == nullptr) return true;
  if (owner_->kind != OpKind::linear && owner_->kind != OpKind::embedding) {
    return wrong(
        fmt::format("is tied to {} '{}', which has no matrix", to_string(owner_->kind), owner_->name));
  }
  if (owner_->tied_to) {
    return wrong(fmt::format("is tied to '{}', which is itself tied to '{}'; name that one", owner_->name,
                             owner_->matrix_owner));
  }
  // A table is used as the matrix of a linear with one output for each row.
  const bool turned = owner_->kind != layer_.kind;
  const std::uint64_t rows = turned ? layer_.in_features : layer_.out_features;
  const std::uint64_t columns = turned ? layer_.out_features : layer_.in_features;
  if (owner_->out_features != rows || owner_->in_features != columns) {
    return wrong(
        fmt::format("shapes do not match: {} '{}' needs a matrix of {} x {}, but {} '{}' has {} x {}",
                    to_string(layer_.kind), layer_.name, columns, rows, to_string(owner_->kind), owner_->name,
                    owner_->in_features, owner_->out_features));
  }
  layer_.matrix_owner = owner_->name;
  layer_.tied_to_embedding = owner_->kind == OpKind::embedding;
  return true;
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

bool ShapeRule::embedding() {
  if (!inputs_.empty()) {
    return wrong(fmt::format("an embedding takes the tokens, not the output of '{}'", inputs_.front()->name));
  }
  if (!size("rows", draft_.rows) || !size("features", draft_.features)) return false;
  layer_.in_features = draft_.rows;
  layer_.out_features = draft_.features;
  if (draft_.extent) layer_.extent = *draft_.extent;
  return matrix(Wide{layer_.in_features} * layer_.out_features);
}

bool ShapeRule::linear() {
  if (!input_count(1, 1) || !size("features", draft_.features)) return false;
  layer_.in_features = inputs_.front()->out_features;
  layer_.out_features = draft_.features;
  layer_.experts = draft_.experts;
  const ExpertShape& experts = layer_.experts;
  if (!size("experts", experts.count) || !size("active_experts", experts.active)) return false;
  if (experts.active > experts.count) {
    return wrong(
        fmt::format("{} active experts are more than the {} there are", experts.active, experts.count));
  }
  std::uint64_t& split = experts.combine ? layer_.in_features : layer_.out_features;
  if (split % experts.active != 0) {
    return wrong(fmt::format("{} active experts do not divide {} features", experts.active, split));
  }
  const std::uint64_t biases = experts.combine ? draft_.features : draft_.features / experts.active;
  if (draft_.bias) layer_.vector_weights = biases * experts.count;
  return declared_input() &&
         matrix(Wide{layer_.in_features} * layer_.out_features / experts.active * experts.count);
}

bool ShapeRule::heads() {
  layer_.attention = {.heads = draft_.heads,
                      .kv_heads = draft_.kv_heads == 0 ? draft_.heads : draft_.kv_heads,
                      .head_dim = draft_.head_dim,
                      .causal = draft_.causal,
                      .window = draft_.window};
  const AttentionShape& shape = layer_.attention;
  if (!size("heads", shape.heads) || !size("kv_heads", shape.kv_heads)) return false;
  if (shape.heads % shape.kv_heads == 0) return true;
  return wrong(fmt::format("{} kv_heads do not divide {} heads", shape.kv_heads, shape.heads));
}

// Widths of q, k and v, whether they come as three tensors or, from a fused projection, as one.
bool ShapeRule::split_inputs() {
  AttentionShape& shape = layer_.attention;
  const bool fused = inputs_.size() == 1;
  const std::uint64_t width = inputs_.front()->out_features;
  const std::uint64_t parts = fused ? shape.heads + 2 * shape.kv_heads : shape.heads;
  if (shape.head_dim == 0) {
    if (width % parts != 0) {
      return wrong(fmt::format("{} {}do not divide the width {} of '{}'", parts,
                               fused ? "heads (of q, k and v together) " : "heads ", width,
                               inputs_.front()->name));
    }
    shape.head_dim = width / parts;
  }
  if (!size("head_dim", shape.head_dim)) return false;
  const Wide q = static_cast<Wide>(shape.heads) * shape.head_dim;
  const Wide kv = static_cast<Wide>(shape.kv_heads) * shape.head_dim;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Wide expected = fused ? q + 2 * kv : (i == 0 ? q : kv);
    if (inputs_[i]->out_features == expected) continue;
    constexpr std::array<std::string_view, 3> kNames{"q", "k", "v"};
    return wrong(fmt::format("shapes do not match: {} {} of [tokens x {}], but {}", takes(),
                             fused ? "q, k and v together" : kNames.at(i), to_decimal(expected),
                             gives(*inputs_[i])));
  }
  return true;
}

bool ShapeRule::attention() {
  if (inputs_.size() == 2) return wrong(fmt::format("{} 1 input (fused) or 3 (q, k, v), got 2", takes()));
  if (!input_count(1, 3) || !heads() || !split_inputs()) return false;
  for (const Layer* input : inputs_) layer_.in_features += input->out_features;
  layer_.out_features = layer_.attention.heads * layer_.attention.head_dim;
  if (draft_.position_buckets > kMaxFeatures / layer_.attention.heads)
    return wrong("position_buckets are too many");
  layer_.vector_weights = draft_.position_buckets * layer_.attention.heads;
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

bool ShapeRule::recurrent() {
  if (!input_count(1, 1) || !function() || !size("features", draft_.features)) return false;
  if (draft_.directions != 1 && draft_.directions != 2) return wrong("directions must be 1 or 2");
  const std::uint64_t gates = layer_.function == "lstm" ? 4 : layer_.function == "gru" ? 3 : 1;
  layer_.in_features = inputs_.front()->out_features;
  layer_.directions = draft_.directions;
  layer_.out_features = draft_.features * draft_.directions;
  // Two vectors of biases for each gate: of the input and of the state.
  layer_.vector_weights = draft_.bias ? 2 * gates * layer_.out_features : 0;
  return declared_input() && size("features", layer_.out_features) &&
         matrix(Wide{gates} * layer_.out_features * (layer_.in_features + draft_.features));
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

}  // namespace

bool infer_shape(Layer& layer, const LayerDraft& draft, const std::vector<const Layer*>& inputs,
                 const Layer* owner, GraphReport& report) {
  if (!ShapeRule{layer, draft, inputs, owner, report}.apply()) return false;
  if (Wide{layer.extent.width} * layer.extent.height <= kMaxFeatures) return true;
  report.add(draft.at, draft.name, fmt::format("has more than the {} positions allowed", kMaxFeatures));
  return false;
}

}  // namespace workload_detail
}  // namespace wafersim
