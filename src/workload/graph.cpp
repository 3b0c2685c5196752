// Counts that follow from a graph alone.
#include "wafersim/workload/graph.hpp"

#include <algorithm>
#include <array>

#include "wafersim/base/wide.hpp"
#include "wafersim/workload/graph_builder.hpp"

namespace wafersim {
namespace {

const std::array<std::string, kOpKinds> kOpNames{
    "embedding", "linear", "attention",   "norm", "elementwise", "multiply", "residual",
    "loss",      "input",  "convolution", "pool", "concat",      "move",     "recurrent"};

}  // namespace

std::span<const std::string> op_names() {
  return kOpNames;
}

std::string_view to_string(OpKind kind) {
  return kOpNames.at(static_cast<std::size_t>(kind));
}

std::uint64_t Graph::parameters() const {
  Wide total = 0;
  for (const Layer& layer : layers) total += layer.owned_weights();
  return narrow(total);
}

std::uint64_t matrix_width(const Layer& layer) {
  if (layer.kind == OpKind::recurrent) return layer.in_features + layer.out_features / layer.directions;
  if (layer.kind == OpKind::convolution) {
    const WindowShape& window = layer.window;
    const std::uint64_t summed = window.transposed ? layer.out_features : layer.in_features;
    return summed / window.groups * window.kernel.positions(1);
  }
  return layer.experts.combine ? layer.in_features / layer.experts.active : layer.in_features;
}

std::uint64_t product_rows(const Layer& layer, std::uint64_t sequence) {
  // Transposed, it is the input positions that meet every weight.
  const bool by_input = layer.kind == OpKind::convolution && layer.window.transposed;
  return (by_input ? layer.window.in : layer.extent).positions(sequence);
}

std::uint64_t matrix_macs(const Layer& layer, std::uint64_t weights, std::uint64_t sequence) {
  return narrow(Wide{narrow(static_cast<Wide>(weights) * product_rows(layer, sequence))} *
                layer.experts.active / layer.experts.count);
}

std::uint64_t token_pairs(std::uint64_t sequence, bool causal, std::uint64_t window) {
  const Wide keys = window == 0 ? sequence : std::min(sequence, window);
  // Causal, the first tokens have fewer before them than a window holds.
  return narrow(causal ? keys * (keys + 1) / 2 + (sequence - keys) * keys : sequence * keys);
}

std::uint64_t chosen_experts(const ExpertShape& experts, std::uint64_t tokens) {
  // Fractions of 2^64, rounded up: a whole number of experts is never missed by what is cut off.
  constexpr unsigned kBits = 64;
  const auto times = [](Wide a, Wide b) { return (a * b + ((Wide{1} << kBits) - 1)) >> kBits; };
  const Wide count = experts.count;
  Wide factor = (((count - experts.active) << kBits) + count - 1) / count;
  Wide missed = Wide{1} << kBits;  // the share of experts that no token meets
  for (std::uint64_t left = tokens; left > 0; left /= 2) {
    if (left % 2 == 1) missed = times(missed, factor);
    factor = times(factor, factor);
  }
  return narrow(count - ((count * missed) >> kBits));
}

std::uint64_t forward_macs(const Layer& layer, std::uint64_t sequence) {
  if (layer.kind == OpKind::embedding) return 0;
  if (layer.kind != OpKind::attention) return matrix_macs(layer, layer.matrix_weights, sequence);
  // Each pair of positions meets twice: QKᵀ, then AV.
  const Wide per_pair = Wide{2} * layer.attention.heads * layer.attention.head_dim;
  return narrow(Wide{narrow(per_pair)} *
                token_pairs(product_rows(layer, sequence), layer.attention.causal, layer.attention.window));
}

}  // namespace wafersim
