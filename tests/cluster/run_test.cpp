// Whole runs: conservation on every shipped workload, what sparsity reports, and what cannot run.
#include "wafersim/cluster/run.hpp"

#include <algorithm>
#include <cctype>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/workload/summary.hpp"

#include "cluster/accounting.hpp"
#include "support/inputs.hpp"

namespace wafersim {
namespace {

using testing::HasSubstr;

const StationOutcome& station(const Outcome& outcome, const std::string& name) {
  for (const StationOutcome& one : outcome.stations) {
    if (one.name == name) return one;
  }
  throw std::runtime_error{"no station " + name};
}

// Independent of the program: from the graph, the plan and the number of micro-batches alone.
struct Expected {
  Bytes in;
  Bytes out;
};
Expected closed_form(const Workload& workload, std::uint64_t micro_batches, bool sums_on_wafer) {
  Expected expected;
  for (const Layer& layer : workload.graph.layers) {
    const std::uint64_t matrix =
        layer.matrix_weights > 0 ? kept_matrix_weights(layer, workload.plan.sparsity) : 0;
    const bool sparse = matrix < layer.matrix_weights;
    const std::uint64_t stored =
        matrix * (sparse ? 4 : 2) + layer.vector_weights * 2;        // FP16; index beside it
    std::uint64_t passes = layer.kind == OpKind::embedding ? 1 : 2;  // forward and delta
    if (workload.plan.recompute == Recompute::layer && layer.block != 0) ++passes;
    expected.in += Bytes{stored} * (passes * micro_batches);
    expected.out += Bytes{(matrix + layer.vector_weights) * 2} * (sums_on_wafer ? 1 : micro_batches);
  }
  return expected;
}

class ShippedWorkload : public testing::TestWithParam<std::string> {};

TEST_P(ShippedWorkload, ConservesBytesAndOperations) {
  const Workload workload = test::workload(GetParam());
  const Outcome outcome = run_training_step(test::machine("cs2"), workload).outcome;
  const Expected expected = closed_form(workload, outcome.plan.micro_batches.size(),
                                        outcome.plan.gradient_sums == GradientSums::on_wafer);
  EXPECT_EQ(station(outcome, "node.io").bytes, Wide{(expected.in + expected.out).count()});
  Bytes in;
  Bytes out;
  Cycles forward_and_backward;
  for (const LayerOutcome& layer : outcome.layers) {
    in += layer.bytes_in;
    out += layer.bytes_out;
    forward_and_backward += layer.forward_cycles + layer.backward_cycles;
  }
  EXPECT_EQ(in, expected.in);
  EXPECT_EQ(out, expected.out);
  EXPECT_EQ(forward_and_backward, outcome.step.cycles);
  EXPECT_TRUE(outcome.step.steady);
  // 2 operations per multiply-add: forward, twice that backward, and the blocks' forward again.
  Wide flops = 0;
  for (const Layer& layer : workload.graph.layers) {
    const bool again = workload.plan.recompute == Recompute::layer && layer.block != 0;
    flops += static_cast<Wide>(forward_macs(layer, workload.plan.sequence_length)) *
             outcome.sequences_per_node * (again ? 8 : 6);
  }
  EXPECT_EQ(outcome.step.flops_done, flops);
  EXPECT_EQ(station(outcome, "wafer.compute").flops, flops);
  Cycles parts;
  for (const PartOutcome& part : outcome.attribution) {
    parts += part.cycles;
    EXPECT_LE(part.step_cycles_if_infinite, outcome.step.cycles) << to_string(part.part);
  }
  EXPECT_EQ(parts, outcome.step.cycles);
}

INSTANTIATE_TEST_SUITE_P(Shipped, ShippedWorkload, testing::ValuesIn(test::shipped_workloads()),
                         [](const auto& shipped) {
                           std::string name = shipped.param;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

TEST(Brain, OfAHundredTwentyTrillionParametersTakesTwentyBytesEachAndFitsTheStore) {
  const Outcome outcome = run_training_step(test::machine("cs2"), test::workload("brain-120t")).outcome;
  EXPECT_EQ(outcome.bytes_per_parameter, 20U);
  const std::uint64_t used = outcome.memory[1].used.count() + outcome.memory[2].used.count();
  EXPECT_EQ(used, outcome.parameters * 20);
  EXPECT_NEAR(static_cast<double>(used), 2.4e15, 0.002e15);
  EXPECT_EQ(outcome.attribution[index_of(Part::flash)].part, Part::flash);
  EXPECT_GT(outcome.attribution[index_of(Part::flash)].cycles,
            outcome.attribution[index_of(Part::compute)].cycles);
}

TEST(Sparsity, ReportsExactlyWhatWasSkippedAndWhereTheDifferenceWent) {
  const Workload sparse = test::workload("gpt3-175b", {{"sparsity.level", "0.9"}});
  const Outcome outcome = run_training_step(test::machine("cs2"), sparse).outcome;
  ASSERT_TRUE(outcome.sparsity);
  const SparsityOutcome& s = *outcome.sparsity;
  // Every block has 12·12288² matrix weights in four matrices, each a multiple of ten short of exact: 90 %
  // floors.
  std::uint64_t skipped = 0;
  for (const Layer& layer : sparse.graph.layers) {
    if (layer.kind == OpKind::linear && !layer.tied_to) skipped += layer.matrix_weights * 9 / 10;
  }
  EXPECT_EQ(s.weights_skipped, skipped);
  EXPECT_EQ(s.flops_skipped, outcome.step.flops_skipped);
  std::int64_t lost = 0;
  for (const std::int64_t part : s.lost_cycles) lost += part;
  EXPECT_EQ(lost, static_cast<std::int64_t>(outcome.step.cycles.count()) -
                      static_cast<std::int64_t>(s.ideal_step_cycles.count()));
  EXPECT_GT(s.speedup, 1.0);
  EXPECT_LT(s.speedup, s.ideal_speedup);
  // Dense FP16 takes 2 bytes a weight, indexed 4: a tenth of the weights is a fifth of the bytes, in three
  // passes.
  const std::uint64_t in_blocks = 96 * 3 * (12ULL * 12288 * 12288);
  EXPECT_NEAR(static_cast<double>(s.bytes_skipped.count()), static_cast<double>(in_blocks) * (2.0 - 0.4),
              1e6);
}

struct InBlocks {
  MachineSpec machine;
  Workload workload;
  InBlocks(const char* block_size, const char* skip_block)
      : machine{test::machine("cs2", {{"wafer.pe.skip_block", skip_block}})},
        workload{test::workload("gpt2", {{"tokens_per_node", "16384"},
                                         {"sparsity.level", "0.9"},
                                         {"sparsity.pattern", "block"},
                                         {"sparsity.block_size", block_size}})} {}
  [[nodiscard]] PlannedRun plan() const {
    MaskLibrary masks;
    return plan_run(machine, workload, masks);
  }
};

TEST(Sparsity, SendsZerosThatFillBlocksAndKeepsItsLedgers) {
  // The run checks its own ledgers of bytes, weights and operations, and throws if one is broken.
  const InBlocks it{"1", "32"};
  const Outcome outcome = run_training_step(it.machine, it.workload).outcome;
  // Of blocks of 32, 1 - 0.9^32 = 96.57 % keep a weight, and all of those come at 4 bytes, for 2 of a dense
  // one. 12 blocks of 12 x 768^2 weights are pruned; forward and delta bring them, once a micro-batch.
  const double brought = 12.0 * 12 * 768 * 768 * 2 * static_cast<double>(outcome.plan.micro_batches.size());
  EXPECT_NEAR(static_cast<double>(outcome.sparsity->bytes_added.count()), brought * (4 * 0.9657 - 2),
              brought * 0.01);
  EXPECT_EQ(outcome.sparsity->bytes_skipped, Bytes{});
  EXPECT_LT(outcome.sparsity->speedup, 1.1);
  EXPECT_GT(outcome.sparsity->ideal_speedup, 2.0);  // of what is pruned, whatever the cores make of it
}

TEST(Sparsity, InBlocksThatCoresCanSkipSendsNoZeros) {
  const PlannedRun alone = InBlocks{"1", "1"}.plan();
  const PlannedRun filled = InBlocks{"1", "32"}.plan();
  const PlannedRun blocks = InBlocks{"32", "32"}.plan();
  const auto bytes = [](const PlannedRun& run, Parcel StepOp::*what) {
    Bytes sum;
    for (const StepOp& op : run.step.program.ops) sum += (op.*what).bytes();
    return sum;
  };
  const auto busy = [](const PlannedRun& run) {
    Cycles sum;
    for (const StepOp& op : run.step.program.ops) sum += op.compute + op.fabric;
    return sum;
  };
  EXPECT_EQ(bytes(blocks, &StepOp::weights), bytes(alone, &StepOp::weights));
  EXPECT_GT(bytes(filled, &StepOp::weights), bytes(alone, &StepOp::weights) * 2);
  EXPECT_GT(busy(blocks), busy(alone));  // less even over the columns
  EXPECT_GT(busy(filled), busy(blocks));
  EXPECT_EQ(alone.step.work.fmacs_of_zeros, 0);
  EXPECT_EQ(blocks.step.work.fmacs_of_zeros, 0);
  EXPECT_GT(filled.step.work.fmacs_of_zeros, 0);
  for (const PlannedRun* run : {&filled, &blocks}) {
    EXPECT_EQ(run->step.work.fmacs, alone.step.work.fmacs);
    EXPECT_EQ(bytes(*run, &StepOp::gradients), bytes(alone, &StepOp::gradients));  // of kept weights alone
  }
}

TEST(Sparsity, RunsWhereOnlySparsityMakesTheModelFit) {
  // 120 T parameters take 2.4 PB dense; a tenth of them fits 100 TB in each of 12 shards.
  const MachineSpec machine = test::machine("cs2", {{"memoryx.flash.capacity", "100 TB"}});
  const Outcome outcome =
      run_training_step(machine, test::workload("brain-120t", {{"sparsity.level", "0.9"}})).outcome;
  ASSERT_TRUE(outcome.sparsity);
  EXPECT_THAT(outcome.sparsity->dense_refused, HasSubstr("MemoryX is too small"));
  EXPECT_GT(outcome.sparsity->ideal_speedup, 9.0);
  EXPECT_GT(outcome.sparsity->bytes_skipped, Bytes{});
}

TEST(Brain, SaysThatItWaitsForUpdatesAndNotForTheStream) {
  const Outcome outcome = run_training_step(test::machine("cs2"), test::workload("brain-120t")).outcome;
  EXPECT_THAT(outcome.step.bottleneck, HasSubstr("bound by the optimizer's updates"));
  Cycles updates;
  for (const LayerOutcome& layer : outcome.layers) updates += layer.update_wait_cycles;
  EXPECT_GT(updates.count() * 2, outcome.step.cycles.count());
}

TEST(Run, WhatIfsShowThatNeitherOfTwoEqualStationsHelpsAlone) {
  const MachineSpec machine = test::machine("cs2-192");
  const Outcome outcome =
      run_training_step(machine, test::workload("gpt3-175b", {{"tokens_per_node", "8192"}})).outcome;
  const Cycles step = outcome.step.cycles;
  const Cycles io_alone = outcome.attribution[index_of(Part::io)].step_cycles_if_infinite;
  EXPECT_GT(io_alone.count() * 100, step.count() * 99);  // gains less than 1 %
  EXPECT_LT(outcome.step_cycles_if_stream_infinite.count() * 100,
            step.count() * 75);  // together more than 25 %
  EXPECT_THAT(outcome.step.bottleneck, HasSubstr("bound by the stream of weights"));
}

TEST(Evaluation, StreamsEachWeightOncePerMicroBatchAndSendsNothingBack) {
  const Workload workload = test::workload("gpt2", {{"mode", "evaluate"}, {"global_batch", "64"}});
  const Outcome outcome = run_training_step(test::machine("cs2"), workload).outcome;
  std::uint64_t weights = 0;  // a projection tied to the table needs the table once more
  Wide flops = 0;             // 2 for each multiply-add of one forward pass
  for (const Layer& layer : workload.graph.layers) {
    weights += layer.used_weights();
    flops += 2 * static_cast<Wide>(forward_macs(layer, 1024)) * 64;
  }
  const std::uint64_t micro_batches = outcome.plan.micro_batches.size();
  EXPECT_EQ(station(outcome, "node.io").bytes, Wide{weights} * 2 * micro_batches);
  EXPECT_EQ(station(outcome, "memoryx.update").bytes, Wide{});
  EXPECT_EQ(outcome.step.flops_done, flops);
  EXPECT_TRUE(outcome.step.steady);
}

TEST(Evaluation, KeepsNoActivationsSoMoreSequencesFit) {
  const auto sequences = [](const char* mode) {
    MaskLibrary masks;
    return plan_wafer(test::machine("cs2").wafer, test::workload("gpt3-6.7b", {{"mode", mode}}), 1, masks)
        .sequences();
  };
  EXPECT_GT(sequences("evaluate"), 2 * sequences("train"));
}

TEST(Run, AStoreThatIsTooSmallIsRefusedWithWhatIsMissing) {
  const MachineSpec machine =
      test::machine("cs2", {{"memoryx.dram.capacity", "100 GiB"}, {"memoryx.flash.capacity", "1 GB"}});
  EXPECT_THROW((void)run_training_step(machine, test::workload("gpt3-175b")), DoesNotFit);
}

TEST(Run, ARunThatIsTooLongToCountIsRefusedNotWrapped) {
  const MachineSpec machine = test::machine("cs2", {{"wafer.io.lane_rate", "1 MB/s"}});
  EXPECT_THROW((void)run_training_step(machine, test::workload("brain-120t")), DoesNotFit);
}

}  // namespace
}  // namespace wafersim
