// The shape of the broadcast-and-reduce tree: which switches there are, level by level.
#pragma once

#include <cstdint>
#include <vector>

namespace wafersim {

// A switch, or (without children) a node. Equal subtrees may be represented by one of them.
struct TreeNode {
  std::uint64_t leaves{1};  // nodes below
  struct Branch;
  std::vector<Branch> branches;
};
struct TreeNode::Branch {
  std::uint64_t multiplicity{1};  // equal subtrees that this one stands for
  TreeNode subtree;
};

enum class Folding { folded, unfolded };

// Levels of switches between MemoryX and `nodes` nodes: the least d with fanout^d >= nodes; 0 for a single
// node.
[[nodiscard]] std::uint64_t tree_levels(std::uint64_t nodes, std::uint64_t fanout);

// Every node lies equally deep and leaves are dealt out evenly, so at most two sizes of subtree exist at a
// level; folded, one of each is built.
[[nodiscard]] TreeNode build_tree(std::uint64_t nodes, std::uint64_t fanout, Folding folding);

// Links into the given level from above (level 0: from MemoryX to the root switch), per lane; the level
// tree_levels() is that of the nodes themselves.
[[nodiscard]] std::uint64_t links_into_level(std::uint64_t nodes, std::uint64_t fanout, std::uint64_t level);

}  // namespace wafersim
