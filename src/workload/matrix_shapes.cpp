// Shape rules of operators with matrices, and of the attention between them.
#include <array>
#include <limits>
#include <string_view>

#include "workload/shape_rule.hpp"

namespace wafersim::workload_detail {

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

}  // namespace wafersim::workload_detail
