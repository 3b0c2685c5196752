// Pipelined execution beside weight streaming.
#include "wafersim/cluster/execution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/wafer/pipeline.hpp"
#include "wafersim/workload/summary.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

TEST(Pipeline, AgreesWithWeightStreamingOnTheWorkAndSaysWhichIsFaster) {
  const Workload workload = test::workload("gpt2", {{"global_batch", "32"}});
  const ExecutionComparison both = compare_executions(test::machine("cs2"), workload);
  EXPECT_EQ(both.pipelined.step.flops_done, both.streaming.step.flops_done);
  EXPECT_EQ(both.pipelined.step.flops_done, work_of(workload, 32).done.total());
  EXPECT_THAT(both.conclusion, testing::HasSubstr("times as fast"));
}

Outcome pipelined(const test::Overrides& overrides, const char* machine = "cs2") {
  test::Overrides all = overrides;
  all.push_back({"execution", "pipelined"});
  return run_training_step(test::machine(machine), test::workload("gpt2", all)).outcome;
}

TEST(Pipeline, IsHowARunExecutesIfThePlanSaysSo) {
  const Outcome outcome = pipelined({{"global_batch", "32"}});
  ASSERT_TRUE(outcome.pipeline.has_value());
  const PipelineOutcome& pipeline = *outcome.pipeline;
  // 32 sequences, and 12 blocks deep: 13 in and out.
  const Cycles update = outcome.attribution[index_of(Part::update)].cycles;
  EXPECT_EQ(outcome.step.cycles, pipeline.period * (32 + 2 * 12) + update);
  Cycles sum;
  for (const PartOutcome& part : outcome.attribution) {
    sum += part.cycles;
    EXPECT_LE(part.step_cycles_if_infinite, outcome.step.cycles);
  }
  EXPECT_EQ(sum, outcome.step.cycles);
  for (const LayerOutcome& layer : outcome.layers) {
    EXPECT_LE(layer.compute_cycles + layer.fabric_cycles, pipeline.period * 32) << layer.name;
    EXPECT_LE(layer.utilization, 1.0) << layer.name;
  }
  EXPECT_THAT(outcome.step.bottleneck, testing::HasSubstr(pipeline.slowest_layer));
  // FP16 weight, FP32 master, two moments and gradient, all on the wafer.
  EXPECT_EQ(outcome.bytes_per_parameter, 18U);
}

TEST(Pipeline, IsSlowerTheSlowerTheSoftwareIs) {
  MaskLibrary masks;
  const Workload workload = test::workload("gpt2");
  WaferSpec wafer = test::machine("cs2").wafer;
  wafer.software_efficiency = Fraction{Fraction::kOne};
  const Cycles ideal = plan_pipeline(wafer, workload, 8, masks).step();
  wafer.software_efficiency = Fraction{Fraction::kOne / 2};
  EXPECT_GT(plan_pipeline(wafer, workload, 8, masks).step(), ideal);
}

TEST(Pipeline, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW((void)pipelined({{"sparsity.level", "0.5"}}), InputError);
  EXPECT_THROW((void)pipelined({{"mode", "evaluate"}}), InputError);
  EXPECT_THROW((void)pipelined({}, "andromeda"), InputError);
}

TEST(Pipeline, GivesEveryLayerColumnsOfItsOwnThatHoldIt) {
  MaskLibrary masks;
  const Workload workload = test::workload("bert-large");
  const WaferSpec wafer = test::machine("cs2").wafer;
  const PipelinePlan plan = plan_pipeline(wafer, workload, 100, masks);
  ASSERT_EQ(plan.stages.size(), workload.graph.layers.size());
  std::uint64_t columns = 0;
  for (const PipelineStage& stage : plan.stages) {
    columns += stage.columns;
    EXPECT_GE(stage.columns, 1U);
    EXPECT_LE(stage.sram, wafer.pe.sram);
    EXPECT_LE(stage.busy(), plan.period);
  }
  EXPECT_EQ(columns, plan.columns);
  EXPECT_LE(columns, wafer.grid.columns);
  // 24 blocks wait for a whole sequence each: 25 deep. 100 sequences in, 24 periods to fill, 24 to drain, and
  // then the update of at most a few thousand weights in each PE.
  EXPECT_EQ(plan.depth, 25U);
  EXPECT_EQ(plan.step(), plan.period * 148 + plan.update);
  EXPECT_LE(plan.update, Cycles{100'000});
}

TEST(Pipeline, RefusesAModelThatCannotBeResident) {
  MaskLibrary masks;
  try {
    (void)plan_pipeline(test::machine("cs2").wafer, test::workload("gpt3-6.7b"), 1, masks);
    FAIL() << "120 GB on 40 GB";
  } catch (const DoesNotFit& refusal) {
    EXPECT_THAT(refusal.what(), testing::HasSubstr("weight_streaming keeps no weights on the wafer"));
  }
}

TEST(Pipeline, IsForOneNode) {
  EXPECT_THROW((void)compare_executions(test::machine("andromeda"), test::workload("gpt2")), InputError);
}

}  // namespace
}  // namespace wafersim
