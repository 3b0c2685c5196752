// Trees of every size have equally deep leaves, and folding keeps count.
#include "wafersim/swarmx/tree.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace wafersim {
namespace {

TEST(TreeLevels, AreTheLeastThatReachEveryNode) {
  EXPECT_EQ(tree_levels(1, 4), 0U);
  EXPECT_EQ(tree_levels(2, 4), 1U);
  EXPECT_EQ(tree_levels(4, 4), 1U);
  EXPECT_EQ(tree_levels(5, 4), 2U);
  EXPECT_EQ(tree_levels(16, 4), 2U);
  EXPECT_EQ(tree_levels(64, 4), 3U);
  EXPECT_EQ(tree_levels(65, 4), 4U);
  EXPECT_EQ(tree_levels(192, 4), 4U);
}

TEST(LinksIntoLevel, OfTheFullMachine) {
  // 192 nodes, fanout 4: root with 3 children, 12 below, 48 below, 192 nodes.
  EXPECT_EQ(links_into_level(192, 4, 0), 1U);
  EXPECT_EQ(links_into_level(192, 4, 1), 3U);
  EXPECT_EQ(links_into_level(192, 4, 2), 12U);
  EXPECT_EQ(links_into_level(192, 4, 3), 48U);
  EXPECT_EQ(links_into_level(192, 4, 4), 192U);
}

struct Counted {
  std::uint64_t leaves{};
  std::uint64_t shallowest{~0ULL};
  std::uint64_t deepest{};
  std::uint64_t widest{};
};
void count(const TreeNode& node, std::uint64_t multiplicity, std::uint64_t depth, Counted& counted) {
  if (node.branches.empty()) {
    counted.leaves += multiplicity;
    counted.shallowest = std::min(counted.shallowest, depth);
    counted.deepest = std::max(counted.deepest, depth);
    return;
  }
  std::uint64_t children = 0;
  for (const auto& [equal, subtree] : node.branches) {
    children += equal;
    count(subtree, multiplicity * equal, depth + 1, counted);
  }
  counted.widest = std::max(counted.widest, children);
}

RC_GTEST_PROP(Tree, ReachesEveryNodeAtTheSameDepthWithinTheFanout, ()) {
  const auto nodes = *rc::gen::inRange<std::uint64_t>(1, 3000);
  const auto fanout = *rc::gen::inRange<std::uint64_t>(2, 20);
  for (const Folding folding : {Folding::folded, Folding::unfolded}) {
    Counted counted;
    count(build_tree(nodes, fanout, folding), 1, 0, counted);
    RC_ASSERT(counted.leaves == nodes);
    RC_ASSERT(counted.shallowest == counted.deepest);
    RC_ASSERT(counted.deepest == tree_levels(nodes, fanout));
    RC_ASSERT(counted.widest <= fanout);
  }
}

}  // namespace
}  // namespace wafersim
