// Layers of several experts: what their weights cost on the wafer, and which of them travel.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "wafersim/cluster/run.hpp"
#include "wafersim/cluster/step_program.hpp"
#include "wafersim/wafer/layer_cost.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

// Sequences of two tokens of 256 features, into a layer `up` that its keys describe.
Workload into(const std::string& up, const std::string& plan) {
  const std::string text = plan +
                           "sequence_length: 2\ngraph:\n"
                           "  - { name: words, op: embedding, rows: 100, features: 256 }\n"
                           "  - { name: up, op: linear, " +
                           up + " }\n  - { name: loss, op: loss }\n";
  return read_workload(parse_tree(text, "experts.yaml"), "experts").workload;
}

// 8 experts of 256 x 1024, of which each token meets 2; and one matrix of this size.
Workload experts(const std::string& plan) {
  return into("features: 2048, experts: 8, active_experts: 2", plan);
}
Workload single(const std::string& plan) {
  return into("features: 1024", plan);
}

// Closed forms of the layer `up` with so many sequences on the whole grid, without what software adds.
LayerCost cost_of(const Workload& workload, std::uint64_t sequences) {
  MachineSpec machine = test::machine("cs2");
  machine.wafer.software_efficiency = Fraction{Fraction::kOne};
  MaskLibrary masks;
  const TokenLayout layout{machine.wafer.grid, {}, sequences * workload.plan.sequence_length};
  return LayerCosts{machine.wafer, workload.plan, layout, masks}.of(workload.graph.layers[1]);
}

TEST(Experts, WithCountedWeightsCostWhatEachOfThemWouldCost) {
  // Half of 8 · 262,144 weights are half of each; 2 of 8 parts of 400 sequences are 100.
  const Workload counted = experts("sparsity: { kept: [ { layer: up, weights: 1048576 } ] }\n");
  const Workload one = single("sparsity: { kept: [ { layer: up, weights: 131072 } ] }\n");
  EXPECT_EQ(cost_of(counted, 400).total(), cost_of(one, 100).total() * 8);
  EXPECT_EQ(2 * cost_of(counted, 400).forward.fmacs, cost_of(experts(""), 400).forward.fmacs);
}

TEST(Experts, ShareWhatIsLeftOfACountAsEvenlyAsTheyCan) {
  // 3 more than half: three of the eight keep one weight more than the others.
  const Workload counted = experts("sparsity: { kept: [ { layer: up, weights: 1048579 } ] }\n");
  const Workload less = single("sparsity: { kept: [ { layer: up, weights: 131072 } ] }\n");
  const Workload more = single("sparsity: { kept: [ { layer: up, weights: 131073 } ] }\n");
  // The level of the mask that is drawn is that of all eight together, so a cycle or two may differ.
  const auto cycles = [](const LayerCost& cost) { return static_cast<double>(cost.total().count()); };
  EXPECT_NEAR(cycles(cost_of(counted, 400)), 5 * cycles(cost_of(less, 100)) + 3 * cycles(cost_of(more, 100)),
              8 * 3 * 2);
}

// One sequence of two tokens on each node.
Workload one_each(const std::string& plan, std::uint64_t nodes) {
  return experts(plan + "global_batch: " + std::to_string(nodes) + "\nmicro_batch: 1\n");
}
MachineSpec machine_of(std::uint64_t nodes) {
  return test::machine("cs2", {{"cluster.nodes", std::to_string(nodes)}});
}

// Bytes of the experts' layer that come to each wafer in a step.
Bytes streamed(const std::string& plan, std::uint64_t nodes) {
  const MachineSpec machine = machine_of(nodes);
  const Workload workload = one_each(plan, nodes);
  MaskLibrary masks;
  const WaferPlan wafer = plan_wafer(machine.wafer, workload, nodes, masks);
  Bytes bytes;
  for (const StepOp& op : plan_step(machine, workload, wafer, masks).program.ops) {
    if (op.layer == 1) bytes += op.weights.bytes();
  }
  return bytes;
}

constexpr std::uint64_t kMatrix = 256 * 1024;
constexpr std::uint64_t kPasses = 2;  // forward, and for the delta

TEST(Experts, AllTravelUnlessOnlyTheChosenOnesShall) {
  const std::uint64_t one = kPasses * kMatrix * 2;  // FP16
  EXPECT_EQ(streamed("", 1), Bytes{8 * one});
  EXPECT_EQ(streamed("expert_stream: all\n", 1), Bytes{8 * one});
  // Two tokens meet 8 (1 - (6/8)^2) = 3.5 of them, four on two nodes 5.47, eight on four 7.2; rounded up.
  EXPECT_EQ(streamed("expert_stream: chosen\n", 1), Bytes{4 * one});
  EXPECT_EQ(streamed("expert_stream: chosen\n", 2), Bytes{6 * one});
  EXPECT_EQ(streamed("expert_stream: chosen\n", 4), Bytes{8 * one});
}

TEST(Experts, ThatAreChosenTravelWithTheWeightsThatTheyKeep) {
  // A value and an index for each of the kept quarter.
  const std::string plan = "sparsity: { level: 0.75 }\n";
  const std::uint64_t one = kPasses * kMatrix / 4 * 4;
  EXPECT_EQ(streamed(plan, 1), Bytes{8 * one});
  EXPECT_EQ(streamed(plan + "expert_stream: chosen\n", 1), Bytes{4 * one});
}

TEST(Experts, ThatNobodyChoseCostNoCyclesOfTheWafer) {
  // Each token's two experts are one product of one token each, instead of eight.
  const Workload chosen = experts("expert_stream: chosen\n");
  EXPECT_LT(cost_of(chosen, 1).total(), cost_of(experts(""), 1).total());
  // 200 tokens choose them all.
  EXPECT_EQ(cost_of(chosen, 100).total(), cost_of(experts(""), 100).total());
}

TEST(Experts, ThatAreChosenKeepTheLawsOfARun) {
  // Every run checks its own ledger: bytes that are sent, received and expected.
  const Outcome outcome = run_training_step(machine_of(2), one_each("expert_stream: chosen\n", 2)).outcome;
  EXPECT_EQ(outcome.layers.at(1).bytes_in, Bytes{6 * kPasses * kMatrix * 2});
  EXPECT_EQ(outcome.layers.at(1).bytes_out, Bytes{8 * kMatrix * 2});
}

}  // namespace
}  // namespace wafersim
