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

Fraction sparsity_level(const Layer& layer, const Sparsity& sparsity) {
  if (layer.matrix_weights == 0) return {};
  const std::string& owner = layer.matrix_owner.empty() ? layer.name : layer.matrix_owner;
  const auto last =
      std::find_if(sparsity.exceptions.rbegin(), sparsity.exceptions.rend(),
                   [&](const SparsityRule& rule) { return matches_pattern(owner, rule.layers); });
  if (last != sparsity.exceptions.rend()) return last->level;
  const bool is_table = layer.kind == OpKind::embedding || layer.tied_to_embedding;
  return is_table ? Fraction{} : sparsity.level;
}

std::uint64_t kept_matrix_weights(const Layer& layer, const Sparsity& sparsity) {
  const std::uint64_t level = sparsity_level(layer, sparsity).billionths;
  return layer.matrix_weights - multiply_divide_down(layer.matrix_weights, level, Fraction::kOne);
}

}  // namespace wafersim
