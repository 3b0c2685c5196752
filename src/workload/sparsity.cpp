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

}  // namespace

Fraction sparsity_level(const Layer& layer, const Sparsity& sparsity) {
  if (layer.matrix_weights == 0) return {};
  if (const KeptWeights* kept = counted(layer, sparsity)) {
    const std::uint64_t pruned = layer.matrix_weights - std::min(kept->weights, layer.matrix_weights);
    return {multiply_divide_up(pruned, Fraction::kOne, layer.matrix_weights)};
  }
  const std::string& owner = owner_of(layer);
  const auto last =
      std::find_if(sparsity.exceptions.rbegin(), sparsity.exceptions.rend(),
                   [&](const SparsityRule& rule) { return matches_pattern(owner, rule.layers); });
  if (last != sparsity.exceptions.rend()) return last->level;
  const bool is_table = layer.kind == OpKind::embedding || layer.tied_to_embedding;
  return is_table ? Fraction{} : sparsity.level;
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
