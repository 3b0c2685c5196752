// Which weights a sparsity plan keeps.
#include <algorithm>
#include <string_view>

#include "wafersim/base/wide.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// Two pointers and one place to come back to: linear for one `*`, never exponential.
bool matches_pattern(std::string_view name, std::string_view pattern) {
  std::size_t n = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

namespace {

const std::string& owner_of(const Layer& layer) {
  return layer.matrix_owner.empty() ? layer.name : layer.matrix_owner;
}

const KeptWeights* counted(const Layer& layer, const Sparsity& sparsity) {
  const std::string& owner = owner_of(layer);
  const auto found =
      std::lower_bound(sparsity.kept.begin(), sparsity.kept.end(), owner,
                       [](const KeptWeights& kept, const std::string& name) { return kept.layer < name; });
  return found != sparsity.kept.end() && found->layer == owner ? &*found : nullptr;
}

const SparsityRule* rule_of(const Layer& layer, const Sparsity& sparsity) {
  const auto last =
      std::find_if(sparsity.exceptions.rbegin(), sparsity.exceptions.rend(),
                   [&](const SparsityRule& rule) { return matches_pattern(owner_of(layer), rule.layers); });
  return last != sparsity.exceptions.rend() ? &*last : nullptr;
}

bool is_table(const Layer& layer) {
  return layer.kind == OpKind::embedding || layer.tied_to_embedding;
}

// The dimensions of a layer's matrix, or of one of its experts, added up.
std::uint64_t sum_of_dimensions(const Layer& layer) {
  if (layer.kind == OpKind::convolution) {
    const WindowShape& window = layer.window;
    return layer.in_features / window.groups + layer.out_features + window.kernel.width +
           window.kernel.height;
  }
  const std::uint64_t active = layer.experts.active;
  return layer.experts.combine ? layer.in_features / active + layer.out_features
                               : layer.in_features + layer.out_features / active;
}

// What a matrix would keep of erk if it could keep more than all, for a scale of one.
std::uint64_t erk_share(const Layer& layer) {
  return sum_of_dimensions(layer) * layer.experts.count;
}

Fraction erk_level(const Layer& layer, std::uint64_t scale) {
  const Wide kept = Wide{scale} * erk_share(layer) / layer.matrix_weights;
  return {Fraction::kOne - static_cast<std::uint64_t>(std::min<Wide>(kept, Fraction::kOne))};
}

}  // namespace

// Matrices that would keep more than all of their weights keep all, and the others share what is left.
void settle_distribution(const Graph& graph, Sparsity& sparsity) {
  if (sparsity.pattern.of != 0) sparsity.level = sparsity.pattern.pruned();
  if (sparsity.distribution != Distribution::erk || sparsity.level.billionths == 0) return;
  std::vector<const Layer*> sharing;
  std::uint64_t weights = 0;
  for (const Layer& layer : graph.layers) {
    const bool own = layer.matrix_weights > 0 && !layer.tied_to && !is_table(layer);
    if (!own || counted(layer, sparsity) != nullptr || rule_of(layer, sparsity) != nullptr) continue;
    sharing.push_back(&layer);
    weights += layer.matrix_weights;
  }
  std::uint64_t left = weights - multiply_divide_down(weights, sparsity.level.billionths, Fraction::kOne);
  while (!sharing.empty()) {
    std::uint64_t shares = 0;
    for (const Layer* layer : sharing) shares += erk_share(*layer);
    sparsity.erk_scale = multiply_divide_down(left, Fraction::kOne, shares);
    const auto full = std::stable_partition(sharing.begin(), sharing.end(), [&](const Layer* layer) {
      return erk_level(*layer, sparsity.erk_scale).billionths > 0;
    });
    if (full == sharing.end()) return;
    for (auto it = full; it != sharing.end(); ++it) left -= std::min(left, (*it)->matrix_weights);
    sharing.erase(full, sharing.end());
  }
}

Fraction sparsity_level(const Layer& layer, const Sparsity& sparsity) {
  if (layer.matrix_weights == 0) return {};
  if (const KeptWeights* kept = counted(layer, sparsity)) {
    const std::uint64_t pruned = layer.matrix_weights - std::min(kept->weights, layer.matrix_weights);
    return {multiply_divide_up(pruned, Fraction::kOne, layer.matrix_weights)};
  }
  if (const SparsityRule* rule = rule_of(layer, sparsity)) return rule->level;
  if (is_table(layer)) return {};
  const bool erk = sparsity.distribution == Distribution::erk && sparsity.level.billionths != 0;
  return erk ? erk_level(layer, sparsity.erk_scale) : sparsity.level;
}

std::uint64_t streamed_experts(const ExpertShape& experts, ExpertStream stream, std::uint64_t tokens) {
  return stream == ExpertStream::all ? experts.count : chosen_experts(experts, tokens);
}

std::uint64_t kept_matrix_weights(const Layer& layer, const Sparsity& sparsity) {
  if (layer.matrix_weights == 0) return 0;
  if (const KeptWeights* kept = counted(layer, sparsity))
    return std::min(kept->weights, layer.matrix_weights);
  const std::uint64_t level = sparsity_level(layer, sparsity).billionths;
  return layer.matrix_weights - multiply_divide_down(layer.matrix_weights, level, Fraction::kOne);
}

}  // namespace wafersim
