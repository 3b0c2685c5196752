// What training steps gain from zeros that relus leave, and what they say of those that they do not use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/cluster/run.hpp"
#include "wafersim/cluster/step_program.hpp"
#include "wafersim/cluster/throughput.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

using testing::HasSubstr;

// 32 columns and 16 rows with one column group, of ideal software.
MachineSpec machine(const test::Overrides& set = {}) {
  test::Overrides all{{"wafer.grid", "32x16"},
                      {"wafer.mapping.groups", "1"},
                      {"wafer.mapping.bands", "1"},
                      {"wafer.software_efficiency", "1"}};
  all.insert(all.end(), set.begin(), set.end());
  return test::machine("cs2", all);
}

Workload read(const std::string& layers, const std::string& plan) {
  const std::string text =
      "sequence_length: 1\n" + plan + "graph:\n" + layers + "  - { name: loss, op: loss }\n";
  return read_workload(parse_tree(text, "zeros.yaml"), "zeros").workload;
}

constexpr const char* kPerceptron =
    "  - { name: in, op: input, features: 512 }\n"
    "  - { name: fc, op: linear, features: 256 }\n"
    "  - { name: act, op: elementwise, function: relu }\n"
    "  - { name: out, op: linear, features: 16 }\n";

// 16 tokens and 16 input features of fc a PE.
Workload perceptron(const std::string& zeros, const std::string& more = "") {
  return read(kPerceptron,
              "global_batch: 256\nmicro_batch: 256\n" + more + "sparsity: { activations: " + zeros + " }\n");
}

struct Planned {
  PlannedStep step;
  bool filters{};
  // Of the layer with this number.
  [[nodiscard]] Cycles cycles(std::uint32_t layer, Pass pass) const {
    Cycles sum;
    for (const StepOp& op : step.program.ops) {
      if (op.layer == layer && op.pass == pass) sum += op.compute + op.fabric + op.fill;
    }
    return sum;
  }
};
Planned plan(const Workload& workload) {
  MaskLibrary masks;
  const MachineSpec small = machine();
  const WaferPlan wafer = plan_wafer(small.wafer, workload, 1, masks);
  return {.step = plan_step(small, workload, wafer, masks), .filters = wafer.filter_zeros};
}

TEST(Zeros, SpareTheGradientBeforeTheReluAndNothingElse) {
  const Planned none = plan(perceptron("0"));
  const Planned half = plan(perceptron("0.5"));
  EXPECT_FALSE(none.filters);
  EXPECT_TRUE(half.filters);
  EXPECT_GT(half.step.saved[1], Cycles{});
  EXPECT_EQ(half.cycles(1, Pass::gradient) + half.step.saved[1], none.cycles(1, Pass::gradient));
  for (std::uint32_t layer = 0; layer < 5; ++layer) {
    EXPECT_EQ(half.cycles(layer, Pass::forward), none.cycles(layer, Pass::forward));
    EXPECT_EQ(half.cycles(layer, Pass::delta), none.cycles(layer, Pass::delta));
    if (layer != 1) {
      EXPECT_EQ(half.cycles(layer, Pass::gradient), none.cycles(layer, Pass::gradient));
      EXPECT_EQ(half.step.saved[layer], Cycles{});
    }
  }
  // fc multiplies 512 x 256 weights with 256 tokens; half of that is left out, and counted nevertheless.
  EXPECT_EQ(half.step.work.fmacs, none.step.work.fmacs);
  EXPECT_EQ(half.step.work.fmacs_filtered, 512U * 256 * 256 / 2);
}

TEST(Zeros, TooFewToPayForTheirIndicesChangeNothing) {
  const Planned none = plan(perceptron("0"));
  const Planned few = plan(perceptron("0.01"));
  EXPECT_FALSE(few.filters);
  EXPECT_EQ(few.cycles(1, Pass::gradient), none.cycles(1, Pass::gradient));
}

TEST(Zeros, NeverMakeAStepSlower) {
  std::vector<TrainingCase> cases;
  for (const char* zeros : {"0", "0.01", "0.3", "0.5", "0.7", "0.9", "0.99"})
    cases.push_back({.machine = machine(), .workload = perceptron(zeros)});
  const std::vector<double> rates = throughput_of(cases);
  for (std::size_t i = 1; i < rates.size(); ++i) EXPECT_GE(rates[i], rates[i - 1]) << i;
  EXPECT_GT(rates.back(), rates.front());
}

TEST(Zeros, AreReportedWithWhatTheySave) {
  const Outcome outcome = run_training_step(machine(), perceptron("0.5")).outcome;
  ASSERT_EQ(outcome.zeros.size(), 1U);
  const ZerosOutcome& zeros = outcome.zeros.front();
  EXPECT_EQ(zeros.relu, "act");
  EXPECT_EQ(zeros.layer, "fc");
  EXPECT_EQ(zeros.share, Fraction{Fraction::kOne / 2});
  EXPECT_EQ(zeros.why_not, "");
  const Planned planned = plan(perceptron("0.5"));
  EXPECT_EQ(zeros.saved_cycles, planned.step.saved[1]);
  EXPECT_EQ(zeros.gradient_cycles, planned.cycles(1, Pass::gradient));
}

TEST(Zeros, ThatNobodyFiltersAreReportedWithTheReason) {
  const Workload workload = read(R"(  - { name: in, op: input, features: 64, size: 4x4 }
  - { name: conv, op: convolution, features: 64, kernel: 3x3, padding: 1 }
  - { name: a, op: elementwise, function: relu, zeros: 0.9 }
  - { name: one, op: convolution, features: 64 }
  - { name: norm, op: norm, function: batchnorm }
  - { name: b, op: elementwise, function: relu, zeros: 0.9 }
  - { name: two, op: linear, features: 64 }
  - { name: c, op: elementwise, function: relu, zeros: 0.9 }
  - { name: sum, op: residual, inputs: [two, c] }
)",
                                 "global_batch: 64\n");
  const std::vector<ZerosOutcome> zeros = run_training_step(machine(), workload).outcome.zeros;
  ASSERT_EQ(zeros.size(), 3U);
  EXPECT_EQ(zeros[0].why_not, "the layer before is no linear one, nor a convolution of one tap");
  EXPECT_EQ(zeros[1].why_not, zeros[0].why_not);
  EXPECT_EQ(zeros[2].why_not, "other layers take the same input, too, and add their deltas");
  EXPECT_EQ(zeros[0].layer, "conv");
  EXPECT_EQ(zeros[2].layer, "");
  for (const ZerosOutcome& it : zeros) EXPECT_EQ(it.saved_cycles, Cycles{});
}

std::string reason(const Workload& workload) {
  return run_training_step(machine(), workload).outcome.zeros.front().why_not;
}

TEST(Zeros, BesideFp32DeltasHaveNoRoomForAnIndex) {
  EXPECT_THAT(reason(perceptron("0.9", "precision: { accumulate: fp32 }\n")),
              HasSubstr("do not share a wavelet"));
}

TEST(Zeros, OfAForwardPassDoNotTravel) {
  EXPECT_THAT(reason(perceptron("0.9", "mode: evaluate\n")), HasSubstr("no zero travels"));
}

TEST(Zeros, OfPipelinedLayersAreNotFiltered) {
  EXPECT_THAT(reason(perceptron("0.9", "execution: pipelined\n")), HasSubstr("without a filter"));
}

TEST(Zeros, OnTheMeshAreTimedByTheClosedFormAndSaySo) {
  const MachineSpec mesh = machine({{"wafer.grid", "8x2"}, {"wafer.fidelity", "sampled"}});
  const Workload workload = read(R"(  - { name: in, op: input, features: 128 }
  - { name: fc, op: linear, features: 32 }
  - { name: act, op: elementwise, function: relu, zeros: 0.75 }
  - { name: out, op: linear, features: 16 }
)",
                                 "global_batch: 32\nmicro_batch: 32\n");
  const Outcome outcome = run_training_step(mesh, workload).outcome;
  ASSERT_GT(outcome.zeros.front().saved_cycles, Cycles{});
  std::size_t by_closed_form = 0;
  for (const TimedProduct& product : outcome.fidelity->products) {
    if (product.why_not.empty()) continue;
    ++by_closed_form;
    EXPECT_EQ(product.pass, ProductPass::gradient);
    EXPECT_EQ(product.in, 128U);
    EXPECT_EQ(product.mesh, product.flow);
    EXPECT_THAT(product.why_not, HasSubstr("its rows filter zeros"));
  }
  EXPECT_EQ(by_closed_form, 1U);
}

}  // namespace
}  // namespace wafersim
