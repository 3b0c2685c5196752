// Pipelined execution beside weight streaming.
#include "wafersim/cluster/execution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/workload/summary.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

TEST(Pipeline, AgreesWithWeightStreamingOnTheWorkAndSaysWhichIsFaster) {
  const Workload workload = test::workload("gpt2", {{"global_batch", "32"}});
  const ExecutionComparison both = compare_executions(test::machine("cs2"), workload);
  EXPECT_EQ(both.pipelined.flops, both.streaming.flops);
  EXPECT_EQ(both.pipelined.flops, work_of(workload, 32).done.total());
  EXPECT_THAT(both.conclusion, testing::HasSubstr("times as fast"));
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
    EXPECT_LE(stage.busy, plan.period);
  }
  EXPECT_EQ(columns, plan.columns);
  EXPECT_LE(columns, wafer.grid.columns);
  // 24 blocks wait for a whole sequence each: 25 deep. 100 sequences in, 24 periods to fill, 24 to drain, and
  // then the update of at most a few thousand weights in each PE.
  EXPECT_EQ(plan.depth, 25U);
  EXPECT_GE(plan.step, plan.period * 148);
  EXPECT_LE(plan.step, plan.period * 148 + Cycles{100'000});
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
