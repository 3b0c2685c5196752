// Trees of every size have equally deep leaves, and folding keeps count.
#include "wafersim/swarmx/tree.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wafersim/base/error.hpp"

namespace wafersim {
namespace {

TreeSpec spec(std::uint64_t nodes, std::vector<std::uint64_t> fanouts) {
  return {.nodes = nodes, .fanouts = std::move(fanouts)};
}

TEST(LinksIntoLevel, OfTheFullMachine) {
  // 192 nodes, fanout 4: root with 3 children, 12 below, 48 below, 192 nodes.
  const TreeNode tree = build_tree(spec(192, {4, 4, 4, 4}), Folding::folded);
  EXPECT_EQ(tree_levels(tree), 4U);
  const std::vector<std::uint64_t> expected{1, 3, 12, 48, 192};
  for (std::uint64_t level = 0; level < expected.size(); ++level)
    EXPECT_EQ(links_into_level(tree, level), expected[level]);
}

TEST(Tree, MixesFanouts) {
  // 2 x 8 reach 16 nodes: 2 switches below the root, 8 nodes below each.
  const TreeNode tree = build_tree(spec(16, {2, 8}), Folding::folded);
  EXPECT_EQ(links_into_level(tree, 1), 2U);
  EXPECT_EQ(links_into_level(tree, 2), 16U);
  ASSERT_EQ(tree.branches.size(), 1U);
  EXPECT_EQ(tree.branches[0].multiplicity, 2U);
  EXPECT_EQ(tree.branches[0].subtree.branches[0].multiplicity, 8U);
}

TEST(Tree, AStragglerIsAClassOfItsOwn) {
  TreeSpec with = spec(8, {2, 4});
  with.kinds[5] = 1;
  const TreeNode tree = build_tree(with, Folding::folded);
  // Nodes 0 to 3 alike; of 4 to 7 one alone, between a node before it and two after it.
  ASSERT_EQ(tree.branches.size(), 2U);
  EXPECT_EQ(tree.branches[0].subtree.branches.size(), 1U);
  const auto& second = tree.branches[1].subtree.branches;
  ASSERT_EQ(second.size(), 3U);
  EXPECT_EQ(second[1].subtree.first, 5U);
  EXPECT_EQ(second[1].subtree.kind, 1U);
  EXPECT_EQ(second[2].multiplicity, 2U);
}

TEST(Tree, LeavesOutFailedNodesAndSwitchesThatLeadToNone) {
  TreeSpec with = spec(8, {2, 4});
  with.failed = {1, 4, 5, 6, 7};
  const TreeNode tree = build_tree(with, Folding::unfolded);
  EXPECT_EQ(tree.leaves, 3U);
  EXPECT_EQ(links_into_level(tree, 1), 1U);
  EXPECT_EQ(links_into_level(tree, 2), 3U);
}

TEST(Tree, ASlowLinkThatDoesNotExistIsRefusedWithThoseThatDo) {
  TreeSpec with = spec(8, {2, 4});
  with.slow_links = {{.lane = 0, .level = 1, .index = 2, .rate = Fraction{1}}};
  try {
    (void)build_tree(with, Folding::folded);
    FAIL() << "there are two links into level 1";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no link to number 2 on level 1: level 1 leads to 2"));
  }
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

RC_GTEST_PROP(Tree, ReachesEveryNodeAtTheSameDepthWithinTheFanouts, ()) {
  const auto nodes = *rc::gen::inRange<std::uint64_t>(1, 3000);
  std::vector<std::uint64_t> fanouts;
  for (std::uint64_t reached = 1; reached < nodes; reached *= fanouts.back())
    fanouts.push_back(*rc::gen::inRange<std::uint64_t>(2, 20));
  for (const Folding folding : {Folding::folded, Folding::unfolded}) {
    Counted counted;
    count(build_tree(spec(nodes, fanouts), folding), 1, 0, counted);
    RC_ASSERT(counted.leaves == nodes);
    RC_ASSERT(counted.shallowest == counted.deepest);
    RC_ASSERT(counted.deepest == fanouts.size());
    RC_ASSERT(counted.widest <= (fanouts.empty() ? 0 : *std::max_element(fanouts.begin(), fanouts.end())));
  }
}

}  // namespace
}  // namespace wafersim
