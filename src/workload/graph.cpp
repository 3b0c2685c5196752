// Counts that follow from a graph alone.
#include "wafersim/workload/graph.hpp"

#include <array>

#include "wafersim/base/wide.hpp"
#include "wafersim/workload/graph_builder.hpp"

namespace wafersim {
namespace {

const std::array<std::string, 8> kOpNames{"embedding",   "linear",   "attention", "norm",
                                          "elementwise", "multiply", "residual",  "loss"};

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

std::uint64_t token_pairs(std::uint64_t sequence, bool causal) {
  return narrow(causal ? Wide{sequence} * (sequence + 1) / 2 : Wide{sequence} * sequence);
}

std::uint64_t forward_macs(const Layer& layer, std::uint64_t sequence) {
  switch (layer.kind) {
    case OpKind::linear:
      return narrow(static_cast<Wide>(layer.matrix_weights) * sequence);
    case OpKind::attention: {
      // Each token meets every token that it may see twice: QKᵀ, then AV.
      const Wide per_pair = Wide{2} * layer.attention.heads * layer.attention.head_dim;
      return narrow(Wide{narrow(per_pair)} * token_pairs(sequence, layer.attention.causal));
    }
    default:
      return 0;
  }
}

}  // namespace wafersim
