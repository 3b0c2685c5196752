// Even, equally deep trees.
#include "wafersim/swarmx/tree.hpp"

#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {

std::uint64_t power(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent > 0; --exponent) result *= base;
  return result;
}

TreeNode subtree(std::uint64_t leaves, std::uint64_t fanout, std::uint64_t depth, Folding folding) {
  TreeNode node{.leaves = leaves, .branches = {}};
  if (depth == 0) return node;
  const std::uint64_t children = divide_up(leaves, power(fanout, depth - 1));
  const std::uint64_t larger = leaves % children;  // so many children get one leaf more
  const auto add = [&](std::uint64_t count, std::uint64_t size) {
    if (count == 0) return;
    const TreeNode child = subtree(size, fanout, depth - 1, folding);
    if (folding == Folding::folded) {
      node.branches.push_back({.multiplicity = count, .subtree = child});
    } else {
      node.branches.insert(node.branches.end(), count, {.multiplicity = 1, .subtree = child});
    }
  };
  add(larger, leaves / children + 1);
  add(children - larger, leaves / children);
  return node;
}

std::uint64_t count_at(const TreeNode& node, std::uint64_t level) {
  if (level == 0) return 1;
  std::uint64_t count = 0;
  for (const auto& [multiplicity, child] : node.branches) count += multiplicity * count_at(child, level - 1);
  return count;
}

}  // namespace

std::uint64_t tree_levels(std::uint64_t nodes, std::uint64_t fanout) {
  std::uint64_t levels = 0;
  for (std::uint64_t reach = 1; reach < nodes; reach *= fanout) ++levels;
  return levels;
}

TreeNode build_tree(std::uint64_t nodes, std::uint64_t fanout, Folding folding) {
  return subtree(nodes, fanout, tree_levels(nodes, fanout), folding);
}

std::uint64_t links_into_level(std::uint64_t nodes, std::uint64_t fanout, std::uint64_t level) {
  return count_at(build_tree(nodes, fanout, Folding::folded), level);
}

}  // namespace wafersim
