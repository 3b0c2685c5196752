// The shape of the broadcast-and-reduce tree: which switches there are, level by level.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "wafersim/base/parse.hpp"

namespace wafersim {

// A switch, or (without branches) a node, and the link into it. Equal neighbours may be represented by one.
struct TreeNode {
  std::uint64_t leaves{1};                   // working nodes below
  std::uint64_t first{};                     // number of the first node below
  std::uint64_t kind{};                      // of a node: those of one kind are alike
  std::map<std::uint64_t, Fraction> slow{};  // by lane: share of the rate that the link into it has left
  struct Branch;
  std::vector<Branch> branches;
};
struct TreeNode::Branch {
  std::uint64_t multiplicity{1};  // equal subtrees that this one stands for
  TreeNode subtree;
};

enum class Folding { folded, unfolded };

struct SlowLink {
  std::uint64_t lane{};
  std::uint64_t level{};  // 0 is the link from MemoryX
  std::uint64_t index{};  // of the switch or node that it leads to, from the left on its level
  Fraction rate;          // share of the rate that is left
};

struct TreeSpec {
  std::uint64_t nodes{1};
  std::vector<std::uint64_t> fanouts{};            // by level, from the store down; reach all nodes
  std::map<std::uint64_t, std::uint64_t> kinds{};  // of nodes that are not like the others
  std::set<std::uint64_t> failed{};                // nodes that are not there
  std::vector<SlowLink> slow_links{};
};

// Every node lies equally deep and nodes are dealt out evenly, larger subtrees first. Folded, neighbours that
// are equal in all of the above are represented by one of them. Throws InputError if a slow link does not
// exist.
[[nodiscard]] TreeNode build_tree(const TreeSpec& spec, Folding folding);

// Links into the given level from above (level 0: from MemoryX to the root switch), per lane.
[[nodiscard]] std::uint64_t links_into_level(const TreeNode& tree, std::uint64_t level);

// Levels of switches above the nodes.
[[nodiscard]] std::uint64_t tree_levels(const TreeNode& tree);

}  // namespace wafersim
