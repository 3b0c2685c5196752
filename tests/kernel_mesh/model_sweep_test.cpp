// A part of the published sizes, for every run of CI.
#include "model_sweep.hpp"

#include <gtest/gtest.h>

namespace wafersim {
namespace {

TEST(Models, HoldOverAPartOfThePublishedSizes) {
  expect_models_hold({4, 512, 8}, {4, 16, 4}, {1, 512, 8});
}

double tree_cycles(std::uint32_t length) {
  const Collective collective =
      make_collective({.kernel = "reduce.tree", .grid = {512, 1}, .length = length});
  const auto engine = make_fast_engine(collective.plan);
  load_initial_values(collective, *engine);
  return static_cast<double>(run_collective(collective, *engine).cycles);
}

// source: the vendor's simulator, Luczynski et al., HPDC'24.
TEST(TreeReduce, IsWithinThreePercentOfThePublishedPointsOfLongVectorsAndGrowsByNine) {
  const std::map<std::uint32_t, double> published{{256, 2681}, {512, 4977}, {1024, 9585}, {2048, 18801}};
  std::map<std::uint32_t, double> found;
  for (const auto& [b, cycles] : published) {
    found[b] = tree_cycles(b);
    EXPECT_LT(std::abs(found[b] / cycles - 1), 0.03) << b;
  }
  EXPECT_EQ(found[2048] - found[1024], 9 * 1024);  // nine levels, each brings the root every element once
}

}  // namespace
}  // namespace wafersim
