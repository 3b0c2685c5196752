// Efficiency and the reason where it drops.
#include <gtest/gtest.h>

#include "study/sweep_fixture.hpp"

namespace wafersim {
namespace {

TEST(CompareRows, NodesAreComparedByThroughputOfEach) {
  Sweep sweep = test::weak();
  compare_rows(sweep);
  EXPECT_DOUBLE_EQ(*sweep.rows[0].efficiency, 1.0);
  EXPECT_DOUBLE_EQ(*sweep.rows[1].efficiency, 1.0);
  EXPECT_DOUBLE_EQ(*sweep.rows[2].efficiency, 0.8);
  EXPECT_FALSE(sweep.rows[3].efficiency);
}

TEST(CompareRows, NamesThePartThatGrewBeyondItsIdeal) {
  Sweep sweep = test::weak();
  compare_rows(sweep);
  EXPECT_EQ(sweep.rows[1].reason, "");
  // 250 of 1250 cycles: the ideal step has none of them.
  EXPECT_EQ(sweep.rows[2].reason, "waits for DRAM +20.0 % of the step; bound by compute");
}

TEST(CompareRows, SeriesWithOtherValuesHaveTheirOwnFirstPoint) {
  Sweep sweep = test::weak();
  sweep.rows.pop_back();
  sweep.keys.push_back("workload.sparsity.level");
  for (std::size_t i = 0; i < 3; ++i)
    sweep.rows[i].settings.push_back({.key = "workload.sparsity.level", .value = i == 0 ? "0" : "0.9"});
  compare_rows(sweep);
  EXPECT_DOUBLE_EQ(*sweep.rows[1].efficiency, 1.0);
  EXPECT_DOUBLE_EQ(*sweep.rows[2].efficiency, 0.8);
}

TEST(CompareRows, WithoutNodesTheThroughputItselfCounts) {
  Sweep sweep = test::weak();
  sweep.per_node = false;
  compare_rows(sweep);
  EXPECT_DOUBLE_EQ(*sweep.rows[1].efficiency, 2.0);
}

}  // namespace
}  // namespace wafersim
