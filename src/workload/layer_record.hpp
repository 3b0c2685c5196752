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
  static constexpr std::array<Choice<OpKind>, kOpKinds> kKinds{{{"embedding", OpKind::embedding},
                                                                {"linear", OpKind::linear},
                                                                {"attention", OpKind::attention},
                                                                {"norm", OpKind::norm},
                                                                {"elementwise", OpKind::elementwise},
                                                                {"multiply", OpKind::multiply},
                                                                {"residual", OpKind::residual},
                                                                {"loss", OpKind::loss},
                                                                {"input", OpKind::input},
                                                                {"convolution", OpKind::convolution},
                                                                {"pool", OpKind::pool},
                                                                {"concat", OpKind::concat},
                                                                {"move", OpKind::move},
                                                                {"recurrent", OpKind::recurrent}}};
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
  std::optional<std::uint64_t> window;
  std::optional<std::uint64_t> position_buckets;
  std::optional<std::uint64_t> experts;
  std::optional<std::uint64_t> active_experts;
  std::optional<bool> combine;
  std::optional<bool> along_positions;
  std::optional<GridSize> size;
  std::optional<GridSize> kernel;
  std::optional<GridSize> stride;
  std::optional<GridSize> dilation;
  std::optional<std::uint64_t> padding;
  std::optional<std::uint64_t> groups;
  std::optional<bool> transposed;
  std::optional<std::uint64_t> directions;
  std::optional<bool> affine;
  std::optional<std::string> function;
  std::optional<Fraction> zeros;
  std::optional<std::uint64_t> block;
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
              {.help = "features that come out: of embedding, linear, input, convolution, move, recurrent",
               .low = 1,
               .high = kMaxFeatures});
  visit.field("in_features", layer.in_features,
              {.help = "features that must come in, to be checked", .low = 1, .high = kMaxFeatures});
  visit.field(
      "bias", layer.bias,
      {.help = "linear, convolution (no if left out), recurrent (yes), norm (yes but for rmsnorm); of an "
               "elementwise: it has a number for each feature to train (no)"});
  visit.field("tied_to", layer.tied_to, {.help = "linear, embedding: the layer whose matrix it uses"});
  visit.field("heads", layer.heads, {.help = "attention: query heads", .low = 1, .high = kMaxFeatures});
  visit.field("kv_heads", layer.kv_heads,
              {.help = "attention: key and value heads; heads if left out", .low = 1, .high = kMaxFeatures});
  visit.field("head_dim", layer.head_dim,
              {.help = "attention: features of a head; found from the inputs if left out",
               .low = 1,
               .high = kMaxFeatures});
  visit.field("causal", layer.causal, {.help = "attention: tokens see only earlier ones; yes if left out"});
  visit.field("window", layer.window,
              {.help = "attention: keys that a query meets at most; all if left out",
               .low = 1,
               .high = kMaxFeatures});
  visit.field(
      "position_buckets", layer.position_buckets,
      {.help = "attention: distances between tokens with a learned number for each head; none if left "
               "out",
       .low = 1,
       .high = kMaxFeatures});
  visit.field("experts", layer.experts,
              {.help = "linear: matrices to choose from; 1 if left out", .low = 1, .high = kMaxFeatures});
  visit.field("active_experts", layer.active_experts,
              {.help = "linear: those that each token meets; 1 if left out", .low = 1, .high = kMaxFeatures});
  visit.field("combine", layer.combine,
              {.help = "linear: what its experts give is added up, not laid side by side"});
  visit.field(
      "along_positions", layer.along_positions,
      {.help = "concat: positions of its inputs come one after the other, even if there are equally many; "
               "if left out, only inputs with different positions do"});
  visit.field("size", layer.size,
              {.help = "width x height that come out: of input, move, embedding (one position for each token "
                       "if left out), convolution and pool (what the padding gives if left out)"});
  visit.field(
      "kernel", layer.kernel,
      {.help = "convolution, pool: width x height of the window; if left out 1x1, or all of the image"});
  visit.field("stride", layer.stride,
              {.help = "convolution (1x1 if left out), pool (its kernel): from window to window"});
  visit.field("dilation", layer.dilation,
              {.help = "convolution, pool: from tap to tap of a window; 1x1 if left out"});
  visit.field("padding", layer.padding,
              {.help = "convolution, pool: positions added on every side; 0 if left out", .high = kMaxSide});
  visit.field("groups", layer.groups,
              {.help = "convolution, groupnorm: channels in so many groups that do not see each other",
               .low = 1,
               .high = kMaxFeatures});
  visit.field("transposed", layer.transposed,
              {.help = "convolution: every input position is spread over a window of outputs"});
  visit.field("directions", layer.directions,
              {.help = "recurrent: 2 runs from both ends; 1 if left out", .low = 1, .high = 2});
  visit.field("affine", layer.affine, {.help = "norm: it has a gain to train; yes if left out"});
  visit.field("function", layer.function, {.help = "elementwise, norm, pool, recurrent: what it computes"});
  visit.field(
      "zeros", layer.zeros,
      {.help = "elementwise relu: share of its output that is zero; `sparsity.activations` if left out",
       .high = Fraction{Fraction::kOne - 1}});
  visit.field("block", layer.block,
              {.help = "outside of a repeat: the unit of recomputation that it belongs to; none if left out",
               .low = 1,
               .high = kMaxLayers});
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
