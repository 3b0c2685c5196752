// The weight store inside a running step: read-ahead, pinned tensors, wear.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/cluster/run.hpp"

#include "cluster/store_report.hpp"
#include "support/cluster_bench.hpp"
#include "support/inputs.hpp"

namespace wafersim {
namespace {

using test::ClusterBench;
using testing::HasSubstr;

// A table in DRAM, then matrices of one chunk (32 KiB) each in flash; one lane of 1 GB/s.
constexpr std::uint64_t kMatrices = 20;
constexpr std::uint64_t kChunk = 32'768;

Workload table_then_matrices() {
  const std::string text =
      "name: outrun\nsequence_length: 16\ntokens_per_node: 16\nrecompute: none\noptimizer: sgd\n"
      "graph:\n  - { name: table, op: embedding, rows: 65536, features: 128 }\n  - repeat: " +
      std::to_string(kMatrices) +
      "\n    name: m\n    layers:\n      - { name: w, op: linear, input: $in, features: 128, bias: false }\n"
      "  - { name: loss, op: loss }\n";
  return read_workload(parse_tree(text, "outrun.yaml"), "outrun").workload;
}

// The servers of all groups together hold so many chunks read ahead, and the table.
MachineSpec slow_flash(std::uint64_t read_ahead_chunks, std::uint64_t groups) {
  MachineSpec m = test::machine("cs2");
  m.wafer.io.lanes = m.memoryx.shards = 1;
  m.wafer.io.lane_rate = BytesPerSecond{1'000'000'000};
  m.swarmx.chunk = Bytes{kChunk};
  m.memoryx.flash.interface = BytesPerSecond{200'000'000};  // half of it streams: 100 MB/s
  m.memoryx.groups = groups;
  m.memoryx.flash.read_ahead = Bytes{kChunk * read_ahead_chunks / groups};
  m.memoryx.dram.capacity =
      Bytes{65536ULL * 128 * 12 / groups} + m.memoryx.flash.read_ahead;  // SGD: 12 B a weight
  return m;
}

TEST(ReadAhead, ALayerOrderThatOutrunsTheBufferStallsByExactlyTheShortfall) {
  ClusterBench bench;
  const Workload workload = table_then_matrices();
  std::vector<std::tuple<std::uint64_t, std::uint64_t, const ClusterBench::Entry*>> entries;
  for (const std::uint64_t groups : {1U, 2U, 4U}) {
    for (const std::uint64_t chunks : {4U, 7U, 19U, 20U, 25U})
      entries.emplace_back(groups, chunks,
                           &bench.add(slow_flash(chunks, groups), workload, Trail::Mode::record));
  }
  bench.run();
  const Picoseconds on_link = transfer_time(Bytes{kChunk}, BytesPerSecond{1'000'000'000});
  for (const auto& [groups, chunks, entry] : entries) {
    // Each of the lane's servers reads its share of a chunk.
    const Picoseconds from_flash = transfer_time(Bytes{kChunk / groups}, BytesPerSecond{100'000'000});
    const Shard& shard = *entry->cluster->shards().front();
    ASSERT_FALSE(entry->step.program.stored.front().in_flash);
    ASSERT_TRUE(entry->step.program.stored[1].in_flash);
    const std::vector<Span>& link = shard.link().spans();
    const Picoseconds table = link.front().end;
    const Picoseconds last = link[kMatrices].end;
    const StoreWork& stream = entry->step.program.stored[1].stream;
    const Picoseconds in_dram =
        transfer_time(Bytes{stream.passing_clocks.times(kChunk)}, shard.dram_stream().spec().rate);
    // While the table is sent (8 ms and more) the buffer fills. If it holds all matrices, they follow the
    // table without a gap. If not, the first chunk too many is read when the first one has left the buffer,
    // and from there on each takes as long as flash does; the last passes DRAM and link. (One chunk too many
    // is read while the link is still busy with the others.)
    const Picoseconds without_a_gap = table + on_link * kMatrices;
    const Picoseconds short_of =
        chunks >= kMatrices ? Picoseconds{}
                            : table + on_link + from_flash * (kMatrices - chunks) + in_dram + on_link;
    const Picoseconds expected = std::max(without_a_gap, short_of);
    EXPECT_EQ(last, expected) << chunks << " chunks of read-ahead, " << groups << " groups";
  }
}

// One tensor of 512 chunks of 32 KiB on one lane of 1 GB/s, and an optimizer that takes `each` for the
// weights of one chunk of gradients: two operations a weight with SGD.
struct OneTable {
  static constexpr std::uint64_t kChunks = 512;
  static constexpr Picoseconds kEach{100'000'000};

  static const ClusterBench::Entry* on(ClusterBench& bench, UpdateGranularity granularity,
                                       const char* gradients, std::uint64_t weights_a_chunk) {
    MachineSpec m = test::machine("cs2");
    m.wafer.io.lanes = m.memoryx.shards = 1;
    m.wafer.io.lane_rate = BytesPerSecond{1'000'000'000};
    m.swarmx.chunk = Bytes{kChunk};
    m.memoryx.optimizer_flops = weights_a_chunk * 2 * 10'000;  // in 100 us
    m.memoryx.update_granularity = granularity;
    const std::string text =
        std::string{"name: table\nsequence_length: 16\ntokens_per_node: 16\noptimizer: sgd\n"} +
        "precision: { gradients: " + gradients + " }\n" +
        "graph:\n  - { name: table, op: embedding, rows: 65536, features: 128 }\n"
        "  - { name: loss, op: loss }\n";
    return &bench.add(m, read_workload(parse_tree(text, "table.yaml"), "table").workload,
                      Trail::Mode::record);
  }
};

TEST(UpdateGranularity, DecidesWhetherTheFirstChunkOfWeightsWaitsForTheLastUpdateOrForItsOwn) {
  ClusterBench bench;
  const auto* by_layer = OneTable::on(bench, UpdateGranularity::layer, "fp16", 16'384);
  const auto* by_chunk = OneTable::on(bench, UpdateGranularity::chunk, "fp16", 16'384);
  // FP32 gradients come in twice as many chunks: two of them, 50 us each, update one chunk of weights.
  const auto* wide_layer = OneTable::on(bench, UpdateGranularity::layer, "fp32", 16'384);
  const auto* wide_chunk = OneTable::on(bench, UpdateGranularity::chunk, "fp32", 16'384);
  bench.run();
  const Picoseconds on_link = transfer_time(Bytes{kChunk}, BytesPerSecond{1'000'000'000});
  for (const auto* entry : {by_layer, by_chunk, wide_layer, wide_chunk}) {
    const Shard& shard = *entry->cluster->shards().front();
    const Span update = shard.arithmetic().spans()[0];                          // of the first step
    const Span sent = shard.link().spans()[1];                                  // weights of the second
    ASSERT_EQ(update.end - update.begin, OneTable::kEach * OneTable::kChunks);  // the slowest station
    const StoreWork& stream = entry->step.program.stored[0].stream;
    const Picoseconds in_dram =
        transfer_time(Bytes{stream.dram_clocks.times(kChunk)}, shard.dram_stream().spec().rate);
    const bool whole = entry == by_layer || entry == wide_layer;
    // All of it is there after the last update; or chunk by chunk, more slowly than the link takes them.
    EXPECT_EQ(sent.begin, (whole ? update.end : update.begin + OneTable::kEach) + in_dram);
    EXPECT_EQ(sent.end, update.end + in_dram + on_link * (whole ? OneTable::kChunks : 1));
  }
  EXPECT_LT(by_chunk->step_cycles(), by_layer->step_cycles());
}

Outcome brain(const test::Overrides& machine, const test::Overrides& workload = {}) {
  return run_training_step(test::machine("cs2", machine), test::workload("brain-120t", workload)).outcome;
}

TEST(Wear, ABrainOnFlashWearsItOutLongBeforeItIsTrained) {
  const Outcome outcome = brain({});
  const WearOutcome& wear = outcome.store.wear;
  // Adam writes 12 B of state and 2 B of the copy of each weight in flash; the first 11 TB or so live in
  // DRAM.
  const std::uint64_t in_flash = outcome.memory[2].used.count() / 20;
  EXPECT_EQ(wear.written, Bytes{in_flash * 14});
  EXPECT_EQ(wear.programmed, Bytes{divide_up(in_flash * 14 * 11, 10)});  // write amplification 1.1
  EXPECT_EQ(wear.raw, Bytes{12ULL * 200'000'000'000'000 / 100 * 114});   // 14 % spare cells
  EXPECT_EQ(wear.bearable_steps, wear.raw.count() / 1000 * 3000 * 1000 / wear.programmed.count());
  EXPECT_EQ(wear.bearable_tokens, Wide{wear.bearable_steps} * 256);
  EXPECT_TRUE(wear.run_is_assumed);
  EXPECT_EQ(wear.run_tokens, outcome.parameters * 20);
  EXPECT_TRUE(wear.wears_out);
}

// What a step of GPT-2 on the CS-2 means for the store, without running it.
StoreOutcome planned(const test::Overrides& machine_overrides, const test::Overrides& workload_overrides) {
  const MachineSpec machine = test::machine("cs2", machine_overrides);
  const Workload workload = test::workload("gpt2", workload_overrides);
  MaskLibrary masks;
  PlannedRun run{.workload = workload,
                 .wafer = plan_wafer(machine.wafer, workload, machine.cluster.nodes, masks),
                 .step = {}};
  run.step = plan_step(machine, workload, run.wafer, masks);
  Outcome outcome;
  outcome.nodes = 1;
  outcome.tokens_per_node = 1000;
  outcome.parameters = workload.graph.parameters();
  outcome.step.time = Picoseconds{86'400'000'000'000'000 / 4};  // four a day
  return store_outcome(machine, run, outcome);
}

TEST(Wear, WarnsFromTheFirstStepThatTheFlashDoesNotBear) {
  const auto wear_of = [](std::uint64_t tokens) {
    return planned({{"memoryx.placement.optimizer", "flash"}, {"memoryx.flash.capacity", "3 GB"}},
                   {{"training_tokens", std::to_string(tokens)}})
        .wear;
  };
  const WearOutcome wear = wear_of(1);
  ASSERT_GT(wear.bearable_steps, 1U);
  EXPECT_FALSE(wear_of(wear.bearable_steps * 1000).wears_out);
  EXPECT_TRUE(wear_of(wear.bearable_steps * 1000 + 1).wears_out);
  EXPECT_DOUBLE_EQ(wear.cycles_per_day, wear.cycles_per_step * 4);
  EXPECT_DOUBLE_EQ(wear.years, static_cast<double>(wear.bearable_steps) / 4 / 365.25);
}

// The shipped store, bought as two groups of servers half as large and half as fast.
const test::Overrides kHalves{{"memoryx.groups", "2"},
                              {"memoryx.dram.capacity", "564 GiB"},
                              {"memoryx.dram.channels", "4"},
                              {"memoryx.flash.capacity", "100 TB"},
                              {"memoryx.flash.interface", "6.25 GB/s"},
                              {"memoryx.flash.channels", "104"},
                              {"memoryx.flash.read_ahead", "32 GiB"},
                              {"memoryx.optimizer_flops", "1e12"}};

TEST(Groups, TwoOfHalfTheServersAreTheShippedStore) {
  ClusterBench bench;
  const Workload workload = test::workload("brain-120t");
  const auto* one = &bench.add(test::machine("cs2"), workload);
  const auto* two = &bench.add(test::machine("cs2", kHalves), workload);
  bench.run();
  EXPECT_EQ(two->step_cycles(), one->step_cycles());
  EXPECT_EQ(two->step.placement.dram_used, one->step.placement.dram_used);
  EXPECT_EQ(two->step.placement.flash_used, one->step.placement.flash_used);
  EXPECT_EQ(planned(kHalves, {}).wear.raw, planned({}, {}).wear.raw);
}

TEST(Groups, HoldWhatOneIsTooSmallFor) {
  ClusterBench bench;
  const Workload brain = test::workload("brain-120t");
  const auto add = [&](const char* groups) {
    (void)bench.add(test::machine("cs2", {{"memoryx.flash.capacity", "150 TB"}, {"memoryx.groups", groups}}),
                    brain);
  };
  EXPECT_THROW(add("1"), DoesNotFit);
  EXPECT_NO_THROW(add("2"));
}

TEST(Wear, AStoreThatWritesNoFlashNeverWearsOut) {
  const Outcome outcome = run_training_step(test::machine("cs2"), test::workload("gpt2")).outcome;
  EXPECT_EQ(outcome.store.wear.written, Bytes{});
  EXPECT_EQ(outcome.store.wear.years, 0.0);
  EXPECT_FALSE(outcome.store.wear.wears_out);
}

TEST(PinnedTensors, CostTheTrafficOfTheirTier) {
  const std::uint64_t parameters = test::workload("gpt2").graph.parameters();
  // Weights stream from DRAM; Adam's 12 B a parameter are read and written in flash.
  const StoreOutcome optimizer = planned({{"memoryx.placement.optimizer", "flash"}}, {});
  EXPECT_EQ(optimizer.streaming.flash_reads, Bytes{});
  EXPECT_EQ(optimizer.updating.flash_reads, Bytes{parameters * 12});
  EXPECT_EQ(optimizer.updating.flash_writes, Bytes{parameters * 12});
  // The other way round: the copy that is streamed is all that an update writes there.
  const StoreOutcome weights = planned({{"memoryx.placement.weights", "flash"}}, {});
  EXPECT_EQ(weights.updating.flash_reads, Bytes{});
  EXPECT_EQ(weights.updating.flash_writes, Bytes{parameters * 2});
  // Everything that is streamed is read from flash once, and passes DRAM in and out.
  const StoreOutcome plain = planned({}, {});
  EXPECT_EQ(weights.streaming.flash_reads, plain.streaming.dram);
  EXPECT_EQ(weights.streaming.dram, plain.streaming.dram * 2);
}

TEST(PinnedTensors, InFlashNeverMakeAStepShorter) {
  ClusterBench bench;
  const Workload workload = test::workload("gpt2");
  const auto with = [&](const test::Overrides& overrides) {
    return &bench.add(test::machine("cs2", overrides), workload);
  };
  const auto* plain = with({});
  const std::vector<const ClusterBench::Entry*> pinned{with({{"memoryx.placement.optimizer", "flash"}}),
                                                       with({{"memoryx.placement.weights", "flash"}})};
  bench.run();
  for (const auto* entry : pinned) EXPECT_GE(entry->step_cycles(), plain->step_cycles());
}

TEST(PinnedTensors, ThatAreLargerThanTheirTierAreRefused) {
  try {
    (void)brain({{"memoryx.placement.weights", "dram"}});
    FAIL() << "480 TB of weights cannot fit 14.5 TB";
  } catch (const DoesNotFit& error) {
    EXPECT_THAT(error.what(), HasSubstr("memoryx.placement.weights: dram does not fit"));
    EXPECT_THAT(error.what(), HasSubstr("bytes are missing"));
  }
}

TEST(Adafactor, WaitsForTheWholeMatrixAndTakesLessRoomThanAdam) {
  ClusterBench bench;
  const auto with = [&](const char* optimizer) {
    return &bench.add(test::machine("cs2"), test::workload("gpt2", {{"optimizer", optimizer}}));
  };
  const auto* adam = with("adam");
  const auto* adafactor = with("adafactor");
  bench.run();
  const std::uint64_t parameters = adam->workload.graph.parameters();
  EXPECT_EQ(adam->step.placement.dram_used, Bytes{parameters * 20});
  // Twelve bytes a parameter; FP32 second moments of rows, columns and vectors are less than a percent of it.
  EXPECT_GT(adafactor->step.placement.dram_used, Bytes{parameters * 12});
  EXPECT_LT(adafactor->step.placement.dram_used, Bytes{parameters * 1212 / 100});
}

}  // namespace
}  // namespace wafersim
