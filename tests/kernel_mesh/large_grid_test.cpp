// The largest published grid, 512 x 512 PEs with 256 elements each, against the published models.
#include <cmath>

#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/collective.hpp"

namespace wafersim {
namespace {

double body_of(const std::string& kernel) {
  const Collective collective = make_collective({.kernel = kernel, .grid = {512, 512}, .length = 256});
  const auto engine = make_fast_engine(collective.plan);
  load_initial_values(collective, *engine);
  const CollectiveResult result = run_collective(collective, *engine);
  EXPECT_TRUE(result.values_match) << kernel;
  return static_cast<double>(result.cycles - collective.pe_costs);
}

// source: Luczynski et al., HPDC'24, model values for X then Y.
TEST(LargeGrid, BroadcastIsExactlyTheModel) {
  EXPECT_EQ(body_of("broadcast.2d"), 1283);  // 256 + 512 + 512 - 2 + 5
}
TEST(LargeGrid, ChainIsExactlyTheModel) {
  EXPECT_EQ(body_of("reduce.chain.2d"), 6644);
}
TEST(LargeGrid, TwoPhaseIsExactlyTheModel) {
  EXPECT_EQ(body_of("reduce.two_phase.2d"), 2486);
}

}  // namespace
}  // namespace wafersim
