// Even, equally deep trees.
#include "wafersim/swarmx/tree.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {

bool alike(const TreeNode& a, const TreeNode& b) {
  if (a.leaves != b.leaves || a.kind != b.kind || a.slow != b.slow) return false;
  return std::equal(a.branches.begin(), a.branches.end(), b.branches.begin(), b.branches.end(),
                    [](const TreeNode::Branch& x, const TreeNode::Branch& y) {
                      return x.multiplicity == y.multiplicity && alike(x.subtree, y.subtree);
                    });
}

class Builder {
 public:
  Builder(const TreeSpec& spec, Folding folding)
      : spec_{spec}, folding_{folding}, built_(spec.fanouts.size() + 1), reach_(spec.fanouts.size() + 1, 1) {
    for (std::size_t level = spec.fanouts.size(); level-- > 0;)
      reach_[level] = reach_[level + 1] * spec.fanouts[level];
  }

  TreeNode build() {
    TreeNode tree = subtree(0, 0, spec_.nodes);
    for (std::size_t i = 0; i < spec_.slow_links.size(); ++i) {
      const SlowLink& slow = spec_.slow_links[i];
      if (slow.level < built_.size() && slow.index < built_[slow.level]) continue;
      const std::string there =
          slow.level < built_.size()
              ? fmt::format("level {} leads to {} of them", slow.level, built_[slow.level])
              : fmt::format("the last level of this tree is {}", built_.size() - 1);
      throw InputError{{.at = {},
                        .key = "swarmx.link_faults",
                        .message = fmt::format("there is no link to number {} on level {}: {}", slow.index,
                                               slow.level, there)}};
    }
    return tree;
  }

 private:
  TreeNode subtree(std::size_t level, std::uint64_t first, std::uint64_t size) {
    TreeNode node;
    node.first = first;
    const std::uint64_t index = built_[level]++;
    for (const SlowLink& slow : spec_.slow_links) {
      if (slow.level == level && slow.index == index) node.slow.insert_or_assign(slow.lane, slow.rate);
    }
    if (level == spec_.fanouts.size()) {
      const auto kind = spec_.kinds.find(first);
      if (kind != spec_.kinds.end()) node.kind = kind->second;
      node.leaves = spec_.failed.contains(first) ? 0 : 1;
      return node;
    }
    const std::uint64_t children = divide_up(size, reach_[level + 1]);
    const std::uint64_t larger = size % children;  // so many children get one node more
    node.leaves = 0;
    for (std::uint64_t child = 0; child < children; ++child) {
      const std::uint64_t share = size / children + (child < larger ? 1 : 0);
      add(node, subtree(level + 1, first, share));
      first += share;
    }
    return node;
  }

  void add(TreeNode& node, TreeNode&& child) const {
    if (child.leaves == 0) return;  // nothing below works
    node.leaves += child.leaves;
    if (folding_ == Folding::folded && !node.branches.empty() && alike(node.branches.back().subtree, child)) {
      ++node.branches.back().multiplicity;
    } else {
      node.branches.push_back({.multiplicity = 1, .subtree = std::move(child)});
    }
  }

  const TreeSpec& spec_;
  Folding folding_;
  std::vector<std::uint64_t> built_;  // switches (or nodes) by level
  std::vector<std::uint64_t> reach_;  // nodes that a switch of a level can lead to
};

}  // namespace

TreeNode build_tree(const TreeSpec& spec, Folding folding) {
  return Builder{spec, folding}.build();
}

std::uint64_t links_into_level(const TreeNode& tree, std::uint64_t level) {
  if (level == 0) return 1;
  std::uint64_t count = 0;
  for (const auto& [multiplicity, child] : tree.branches)
    count += multiplicity * links_into_level(child, level - 1);
  return count;
}

std::uint64_t tree_levels(const TreeNode& tree) {
  return tree.branches.empty() ? 0 : 1 + tree_levels(tree.branches.front().subtree);
}

}  // namespace wafersim
