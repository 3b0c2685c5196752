// Efficiency and the reason where it drops.
#include "study/efficiency.hpp"

#include <gtest/gtest.h>

#include "study/sweep_fixture.hpp"

namespace wafersim::study_detail {
namespace {

TEST(Efficiency, OfNodesIsTheThroughputOfEach) {
  SweepRow row = test::row(4, 1250, 3.2e6, 0);
  rate(row, *test::row(1, 1000, 1e6, 0).figures, true);
  EXPECT_DOUBLE_EQ(*row.efficiency, 0.8);
}

TEST(Efficiency, NamesThePartThatGrewBeyondItsIdeal) {
  // 250 of 1250 cycles: the ideal step has none of them.
  SweepRow row = test::row(4, 1250, 3.2e6, 250);
  rate(row, *test::row(1, 1000, 1e6, 0).figures, true);
  EXPECT_EQ(row.reason, "waits for DRAM +20.0 % of the step; bound by compute");
}

TEST(Efficiency, WithoutNodesTheThroughputItselfCounts) {
  SweepRow row = test::row(2, 1000, 2e6, 0);
  rate(row, *test::row(1, 1000, 1e6, 0).figures, false);
  EXPECT_DOUBLE_EQ(*row.efficiency, 2.0);
  EXPECT_EQ(row.reason, "");
}

}  // namespace
}  // namespace wafersim::study_detail
