// Layers that repeat become one row.
#include <gtest/gtest.h>

#include "report/layer_groups.hpp"
#include "report/outcome_fixture.hpp"

namespace wafersim::report_detail {
namespace {

using test::layer;

TEST(LayerGroups, PutsNumberedLayersTogether) {
  const auto groups = group_layers({layer("wte", 1, 1), layer("h.0.fc", 5, 1), layer("h.0.proj", 2, 2),
                                    layer("h.1.fc", 7, 1), layer("h.1.proj", 2, 2)});
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].name, "wte");
  EXPECT_EQ(groups[1].name, "h.*.fc");
  EXPECT_EQ(groups[1].count, 2U);
  EXPECT_EQ(groups[1].least, Cycles{6});
  EXPECT_EQ(groups[1].most, Cycles{8});
  EXPECT_EQ(groups[1].total, Cycles{14});
  EXPECT_EQ(groups[2].name, "h.*.proj");
}

TEST(LayerGroups, ALoneNumberedLayerKeepsItsName) {
  EXPECT_EQ(group_layers({layer("h.3.fc", 1, 1)}).front().name, "h.3.fc");
}

TEST(LayerGroups, KeepsSizesAndKindsApart) {
  LayerOutcome other = layer("h.1.fc", 1, 1);
  other.weights = 5;
  LayerOutcome third = layer("h.2.fc", 1, 1);
  third.kind = "norm";
  EXPECT_EQ(group_layers({layer("h.0.fc", 1, 1), other, third}).size(), 3U);
}

TEST(LayerGroups, ShowsTheLargestInTheirOrderAndSumsUpTheOthers) {
  const auto groups = largest_groups(
      group_layers({layer("a", 1, 0), layer("b", 50, 0), layer("c", 2, 0), layer("d", 90, 0)}), 3);
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].name, "b");
  EXPECT_EQ(groups[1].name, "d");
  EXPECT_EQ(groups[2].name, "(2 more rows)");
  EXPECT_EQ(groups[2].total, Cycles{3});
  EXPECT_EQ(groups[2].count, 2U);
}

}  // namespace
}  // namespace wafersim::report_detail
