// What a workload file may say about one layer, and about a block of layers that repeats.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wafersim/config/record.hpp"
#include "wafersim/workload/graph_builder.hpp"

namespace wafersim {

inline std::span<const Choice<OpKind>> choices(OpKind /*kind*/) {
  static constexpr std::array kKinds{
      Choice<OpKind>{"embedding", OpKind::embedding},     Choice<OpKind>{"linear", OpKind::linear},
      Choice<OpKind>{"attention", OpKind::attention},     Choice<OpKind>{"norm", OpKind::norm},
      Choice<OpKind>{"elementwise", OpKind::elementwise}, Choice<OpKind>{"multiply", OpKind::multiply},
      Choice<OpKind>{"residual", OpKind::residual},       Choice<OpKind>{"loss", OpKind::loss}};
  return kKinds;
}

}  // namespace wafersim

namespace wafersim::workload_detail {

struct LayerRecord {
  std::string name;
  OpKind op{};
  std::optional<std::string> input;
  std::vector<std::string> inputs;
  std::optional<std::uint64_t> rows;
  std::optional<std::uint64_t> features;
  std::optional<std::uint64_t> in_features;
  std::optional<bool> bias;
  std::optional<std::string> tied_to;
  std::optional<std::uint64_t> heads;
  std::optional<std::uint64_t> kv_heads;
  std::optional<std::uint64_t> head_dim;
  std::optional<bool> causal;
  std::optional<std::string> function;
};

template <class Visitor>
void visit_fields(Visitor& visit, LayerRecord& layer) {
  constexpr Presence kMayLack = Presence::defaulted;
  visit.field("name", layer.name, {.help = "what the layer and the tensor it makes are called"});
  visit.field("op", layer.op, {.help = "the operator"});
  visit.field("input", layer.input,
              {.help = "the layer whose output it takes; the one before it if left out"});
  visit.field("inputs", layer.inputs,
              {.help = "the same, of an operator with several", .presence = kMayLack});
  visit.field("rows", layer.rows,
              {.help = "embedding: entries of the table", .low = 1, .high = kMaxFeatures});
  visit.field("features", layer.features,
              {.help = "embedding, linear: features that come out", .low = 1, .high = kMaxFeatures});
  visit.field("in_features", layer.in_features,
              {.help = "features that must come in, to be checked", .low = 1, .high = kMaxFeatures});
  visit.field("bias", layer.bias, {.help = "linear (no if left out), norm (yes for layernorm)"});
  visit.field("tied_to", layer.tied_to, {.help = "linear, embedding: the layer whose matrix it uses"});
  visit.field("heads", layer.heads, {.help = "attention: query heads", .low = 1, .high = kMaxFeatures});
  visit.field("kv_heads", layer.kv_heads,
              {.help = "attention: key and value heads; heads if left out", .low = 1, .high = kMaxFeatures});
  visit.field("head_dim", layer.head_dim,
              {.help = "attention: features of a head; found from the inputs if left out",
               .low = 1,
               .high = kMaxFeatures});
  visit.field("causal", layer.causal, {.help = "attention: tokens see only earlier ones; yes if left out"});
  visit.field("function", layer.function, {.help = "elementwise, norm: what it computes"});
}

// `layers` of a repeat are read apart, as each is a LayerRecord with a place of its own.
struct RepeatRecord {
  std::uint64_t repeat{};
  std::string name;
  std::optional<std::string> input;
};

template <class Visitor>
void visit_fields(Visitor& visit, RepeatRecord& block) {
  visit.field("repeat", block.repeat, {.help = "how often the layers come", .low = 1, .high = kMaxLayers});
  visit.field("name", block.name, {.help = "layers are called name.0.layer, name.1.layer …"});
  visit.field("input", block.input,
              {.help = "the layer whose output enters the first repetition; the one before it if left out"});
}

}  // namespace wafersim::workload_detail
