// Scaling tables against single runs, and the knee against the balance of streaming and arithmetic.
#include "wafersim/cluster/scale.hpp"

#include <gtest/gtest.h>

#include "support/inputs.hpp"

namespace wafersim {
namespace {

TEST(DefaultBatch, IsTheLeastThatAllNodeCountsShareEvenly) {
  EXPECT_EQ(default_batch({1, 2, 4, 8, 16, 32, 64, 128, 192}), 384U);
  EXPECT_EQ(default_batch({3, 5}), 15U);
}

TEST(Scale, FindsTheKneeWhereArithmeticTakesAsLongAsStreaming) {
  const MachineSpec machine = test::machine("cs2");
  const ScaleReport report = scale(machine, test::workload("gpt3-13b"),
                                   {.nodes = {1, 16}, .tokens_per_node = {}, .global_batch = 32});
  ASSERT_EQ(report.weak.size(), 2U);
  EXPECT_DOUBLE_EQ(report.weak.front().efficiency, 1.0);
  EXPECT_GT(report.weak.back().efficiency, 0.91);  // within 9 % of linear, as Cerebras-GPT (arXiv:2304.03208)
  EXPECT_EQ(report.strong.front().sequences_per_node, 32U);
  EXPECT_EQ(report.strong.back().sequences_per_node, 2U);
  // Per token and weight of a block: forward, again, gradient and delta are 4 multiply-adds at half the FP16
  // rate, and three passes stream 2 B each. So streaming takes as long as ideal arithmetic at
  //   3 x 2 B / 150 GB/s x (850,584 x 2 x 1.1 GHz) / 4 = 18,713 tokens,
  // and with real kernels, which are slower by up to a half, at fewer.
  ASSERT_TRUE(report.knee.tokens.has_value());
  EXPECT_LT(*report.knee.tokens, 18'713U);
  EXPECT_GT(*report.knee.tokens, 18'713U / 2);
  for (const ScalePoint& point : report.knee.points) {
    EXPECT_EQ(point.streaming, point.tokens_per_node < *report.knee.tokens);
    EXPECT_LE(point.step_if_stream_infinite, point.step);
    EXPECT_LE(point.step_if_wafer_infinite, point.step);
  }
}

TEST(Straggler, SlowsTheWholeStepByWhatItLacksAndIsNamed) {
  const Workload workload = test::workload("gpt2", {{"tokens_per_node", "65536"}});
  const MachineSpec machine =
      test::machine("cs2", {{"cluster.nodes", "8"}, {"cluster.stragglers", "[{node: 5, speed: 0.9}]"}});
  const Outcome outcome = run_training_step(machine, workload).outcome;
  ASSERT_EQ(outcome.uneven.size(), 1U);
  EXPECT_NE(outcome.uneven[0].what.find("node 5 at 0.9"), std::string::npos);
  EXPECT_NE(outcome.step.bottleneck.find("node 5"), std::string::npos);
  // Its own work takes 1 / 0.9; what it waits for does not grow.
  const double even = static_cast<double>(outcome.uneven[0].step_cycles_if_even.count());
  const double slow = static_cast<double>(outcome.step.cycles.count());
  EXPECT_LE(slow, even / 0.9);
  EXPECT_GT(slow, 1.09 * even);
}

TEST(FailedNode, IsLeftOutWithItsSequences) {
  const Workload workload = test::workload("gpt2", {{"tokens_per_node", "8192"}});
  const MachineSpec machine =
      test::machine("cs2", {{"cluster.nodes", "8"}, {"cluster.failed_nodes", "[3, 7]"}});
  const Outcome outcome = run_training_step(machine, workload).outcome;
  EXPECT_EQ(outcome.nodes, 6U);
}

TEST(FailedNode, StopsTheStepIfConfiguredSo) {
  const MachineSpec machine = test::machine(
      "cs2", {{"cluster.nodes", "8"}, {"cluster.failed_nodes", "[3]"}, {"cluster.on_failed_node", "stop"}});
  EXPECT_THROW((void)run_training_step(machine, test::workload("gpt2", {{"tokens_per_node", "8192"}})),
               DoesNotFit);
}

TEST(FailedLink, MovesTheTrafficOfItsLaneToTheOthers) {
  const auto run = [](const char* fault) {
    return test::machine("cs2", {{"cluster.nodes", "4"}, {"swarmx.link_faults", fault}});
  };
  const Workload workload = test::workload("gpt2", {{"tokens_per_node", "1024"}});
  // The ledger of the run holds every byte to be carried by the 11 lanes that are left.
  const Outcome outcome =
      run_training_step(run("[{lane: 3, level: 1, index: 2, rate: 0}]"), workload).outcome;
  EXPECT_GT(outcome.step.cycles, Cycles{});
}

}  // namespace
}  // namespace wafersim
