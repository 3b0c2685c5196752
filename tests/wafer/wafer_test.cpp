// The wafer's clock, its memory, and the mapper.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/wafer/instant.hpp"
#include "wafersim/wafer/layer_cost.hpp"
#include "wafersim/wafer/layer_mask.hpp"
#include "wafersim/wafer/mapper.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

using namespace literals;
using testing::HasSubstr;

TEST(WaferClock, DoesNotDriftOverAMillionSmallSteps) {
  const WaferClock clock{Hertz{1'100'000'000}};
  Instant now{.anchor = {.at = 7_ps}, .cycles = {}};
  for (int i = 0; i < 1'100'000; ++i) now = now + 1_cyc;
  EXPECT_EQ(clock.time(now), Picoseconds{1'000'000'007});  // exactly a millisecond later
  EXPECT_EQ(clock.between({.anchor = {.at = 7_ps}, .cycles = {}}, now), 1'100'000_cyc);
}

TEST(WaferClock, OrdersInstantsExactlyWherePicosecondsCannot) {
  const WaferClock clock{Hertz{1'100'000'000}};
  const Instant one_cycle{.anchor = {}, .cycles = 1_cyc};  // 909.09… ps
  EXPECT_TRUE(clock.before({.anchor = {.at = 909_ps}, .cycles = {}}, one_cycle));
  EXPECT_TRUE(clock.before(one_cycle, {.anchor = {.at = 910_ps}, .cycles = {}}));
  const Instant eleven{.anchor = {}, .cycles = 11_cyc};  // exactly 10,000 ps
  EXPECT_FALSE(clock.before(eleven, {.anchor = {.at = 10'000_ps}, .cycles = {}}));
  EXPECT_FALSE(clock.before({.anchor = {.at = 10'000_ps}, .cycles = {}}, eleven));
}

TEST(SramBudget, OfATinyModelByHand) {
  // One linear layer of 8 -> 8 between an embedding and the loss, no block. 4x2 PEs, 10 tokens: 5 tokens a
  // PE, 2 features a PE.
  const std::string text = R"(name: tiny
graph:
  - { name: wte, op: embedding, rows: 8, features: 8 }
  - { name: fc, op: linear, features: 8 }
  - { name: loss, op: loss }
sequence_length: 10
recompute: none
)";
  const Workload workload = read_workload(parse_tree(text, "tiny.yaml"), "tiny").workload;
  WaferSpec wafer = test::machine("cs2", {{"wafer.grid", "4x2"}}).wafer;
  const SramBudget budget = LiveTensors{workload}.budget(wafer, {{4, 2}, {1, 1}, 10}, GradientSums::none);
  const auto bytes_of = [&](const std::string& name) {
    for (const SramItem& item : budget.items) {
      if (item.name == name) return item.bytes;
    }
    return Bytes::max();
  };
  // Kept: the input of fc and the input of the loss, 2 features x 5 tokens x 2 bytes each.
  EXPECT_EQ(bytes_of("activations kept for the backward pass"), 40_B);
  EXPECT_EQ(bytes_of("activations of the block being recomputed"), 0_B);
  // fc at work: the delta of its input. That of its output has the place of what the loss read.
  EXPECT_EQ(bytes_of("working set of the largest layer"), 20_B);
  EXPECT_EQ(bytes_of("partial sums"), Bytes{5 * wafer.pe.accumulators * 4});
}

TEST(SramBudget, OfFilteredZerosHasAnIndexForEachDelta) {
  // As above, 8 -> 16 features and a relu behind: 4 features x 5 tokens of 2 bytes each for values and
  // indices.
  const std::string text = R"(name: tiny
graph:
  - { name: wte, op: embedding, rows: 8, features: 8 }
  - { name: fc, op: linear, features: 16 }
  - { name: act, op: elementwise, function: relu, zeros: 0.9 }
  - { name: loss, op: loss }
sequence_length: 10
recompute: none
)";
  const Workload workload = read_workload(parse_tree(text, "tiny.yaml"), "tiny").workload;
  const WaferSpec wafer = test::machine("cs2", {{"wafer.grid", "4x2"}}).wafer;
  const auto used = [&](bool filter_zeros) {
    return LiveTensors{workload, filter_zeros}.budget(wafer, {{4, 2}, {1, 1}, 10}, GradientSums::none).used();
  };
  EXPECT_EQ(used(true) - used(false), 40_B);
}

TEST(SramBudget, CountsTheActivationsOfABlockThatRunsAgainOnce) {
  // A block of two linear layers, 8 -> 16 -> 8, on 4x2 PEs with 10 tokens: 5 tokens a PE, 2 and 4 features.
  const std::string text = R"(name: tiny
graph:
  - { name: wte, op: embedding, rows: 8, features: 8 }
  - { name: up, op: linear, features: 16, block: 1 }
  - { name: down, op: linear, features: 8, block: 1 }
  - { name: loss, op: loss }
sequence_length: 10
recompute: layer
)";
  const Workload workload = read_workload(parse_tree(text, "tiny.yaml"), "tiny").workload;
  const WaferSpec wafer = test::machine("cs2", {{"wafer.grid", "4x2"}}).wafer;
  const SramBudget budget = LiveTensors{workload}.budget(wafer, {{4, 2}, {1, 1}, 10}, GradientSums::none);
  // Kept: what enters the block and the loss, 20 bytes each. Again: what `up` makes, 40 bytes. Beside them:
  // the delta of that, while `down` is at work; its own delta has the place of what the loss read.
  EXPECT_EQ(budget.items[1].bytes, 40_B);
  EXPECT_EQ(budget.items[2].bytes, 40_B);
  EXPECT_EQ(budget.items[3].bytes, 40_B);
}

TEST(Mapper, TakesTheMappingWithTheFewestCyclesThatFits) {
  MaskLibrary masks;
  const MachineSpec machine = test::machine("cs2");
  const Workload workload = test::workload("gpt2");
  const WaferPlan plan = plan_wafer(machine.wafer, workload, 1, masks);
  ASSERT_FALSE(plan.runners_up.empty());
  for (std::size_t i = 1; i < plan.runners_up.size(); ++i) {
    EXPECT_LE(plan.runners_up[i - 1].cycles, plan.runners_up[i].cycles);
  }
  EXPECT_TRUE(plan.sram.fits());
}

TEST(Mapper, OneSequenceMoreThanTheLargestMicroBatchDoesNotFit) {
  MaskLibrary masks;
  const MachineSpec machine = test::machine("cs2");
  const std::uint64_t largest =
      plan_wafer(machine.wafer, test::workload("gpt3-6.7b"), 1, masks).micro_batches.front();
  const std::string fits = std::to_string(largest);
  const std::string too_many = std::to_string(largest + 1);
  EXPECT_NO_THROW(
      (void)plan_wafer(machine.wafer, test::workload("gpt3-6.7b", {{"micro_batch", fits}}), 1, masks));
  try {
    (void)plan_wafer(machine.wafer, test::workload("gpt3-6.7b", {{"micro_batch", too_many}}), 1, masks);
    FAIL() << "it cannot fit";
  } catch (const DoesNotFit& error) {
    EXPECT_THAT(error.what(), HasSubstr("the largest micro_batch that fits is " + fits));
  }
}

TEST(Mapper, RecommendsRecomputationWhereItHelps) {
  MaskLibrary masks;
  try {
    (void)plan_wafer(test::machine("cs2").wafer, test::workload("gpt3-175b", {{"recompute", "none"}}), 1,
                     masks);
    FAIL() << "it cannot fit";
  } catch (const DoesNotFit& error) {
    EXPECT_THAT(error.what(), HasSubstr("recompute: layer would fit"));
  }
}

TEST(Mapper, ObeysAPinnedMapping) {
  MaskLibrary masks;
  const MachineSpec machine =
      test::machine("cs2", {{"wafer.mapping.groups", "2"}, {"wafer.mapping.bands", "1"}});
  const WaferPlan plan = plan_wafer(machine.wafer, test::workload("gpt2"), 1, masks);
  EXPECT_EQ(plan.mapping, (Mapping{.groups = 2, .bands = 1}));
  EXPECT_TRUE(plan.runners_up.empty());
}

TEST(Mapper, CutsABatchIntoTheMicroBatchesThatTakeTheFewestCycles) {
  // Against every micro-batch that a user could pin, the search may lose to none.
  MaskLibrary masks;
  const WaferSpec wafer = test::machine("cs2").wafer;
  const auto cycles = [&](const WaferPlan& plan, const Workload& workload) {
    Cycles sum;
    for (const std::uint64_t sequences : plan.micro_batches) {
      LayerCosts costs{wafer, workload.plan,
                       TokenLayout{wafer.grid, plan.mapping, sequences * workload.plan.sequence_length},
                       masks};
      for (const Layer& layer : workload.graph.layers) sum += costs.of(layer).total();
    }
    return sum;
  };
  const Workload free = test::workload("gpt3-590m", {{"global_batch", "29"}});
  const Cycles chosen = cycles(plan_wafer(wafer, free, 1, masks), free);
  for (std::uint64_t size = 7; size <= 14; ++size) {
    const Workload pinned =
        test::workload("gpt3-590m", {{"global_batch", "29"}, {"micro_batch", std::to_string(size)}});
    EXPECT_LE(chosen, cycles(plan_wafer(wafer, pinned, 1, masks), pinned)) << size;
  }
}

TEST(LayerCosts, AreLongerByTheEfficiencyOfTheSoftware) {
  MaskLibrary masks;
  const Workload workload = test::workload("gpt2");
  const TokenLayout layout{{854, 996}, {}, 1024};
  const auto forward = [&](const char* efficiency) {
    const WaferSpec wafer = test::machine("cs2", {{"wafer.software_efficiency", efficiency}}).wafer;
    return LayerCosts{wafer, workload.plan, layout, masks}.of(workload.graph.layers[4]).forward;
  };
  const KernelCost ideal = forward("1");
  const KernelCost real = forward("0.8");
  EXPECT_EQ(real.compute, Cycles{divide_up(ideal.compute.count() * 5, 4)});
  EXPECT_EQ(real.fabric, Cycles{divide_up(ideal.fabric.count() * 5, 4)});
  EXPECT_EQ(real.fill, ideal.fill);
  EXPECT_EQ(real.fmacs, ideal.fmacs);
}

// One linear layer of `in` -> 64 with 90 % pruned in blocks of so many.
Workload one_layer(std::uint64_t in, std::uint64_t block) {
  const std::string text =
      "graph:\n  - { name: wte, op: embedding, rows: 8, features: " + std::to_string(in) +
      " }\n  - { name: fc, op: linear, features: 64 }\n  - { name: loss, op: loss }\n"
      "sequence_length: 64\nsparsity: { level: 0.9, pattern: block, block_size: " +
      std::to_string(block) + " }\n";
  return read_workload(parse_tree(text, "one.yaml"), "one").workload;
}

TEST(SentWeights, AreThoseOfEveryBlockThatKeepsOne) {
  const auto sent = [](std::uint64_t block, std::uint64_t skip_block) {
    const Workload workload = one_layer(640, block);
    MaskLibrary masks;
    return sent_weights(workload.graph.layers[1], workload.plan.sparsity, skip_block, masks);
  };
  constexpr std::uint64_t kAll = 640 * 64;
  constexpr std::uint64_t kKept = kAll / 10;
  EXPECT_EQ(sent(1, 1), kKept);
  for (const std::uint64_t divides : {1, 2, 4, 8, 16}) EXPECT_EQ(sent(16, divides), kKept);
  // Of blocks of 16, 1 - 0.9^16 = 0.815 keep a weight; of blocks of 64 in blocks of 16, 1 - 0.9^4 = 0.344.
  EXPECT_NEAR(static_cast<double>(sent(1, 16)), 0.815 * kAll, 0.04 * kAll);
  EXPECT_NEAR(static_cast<double>(sent(16, 64)), 0.344 * kAll, 0.08 * kAll);  // a tenth: of 640 blocks
  std::uint64_t before = 0;
  for (const std::uint64_t skip_block : {1, 2, 4, 8, 16, 32, 64}) {
    EXPECT_GT(sent(1, skip_block), before);
    before = sent(1, skip_block);
    EXPECT_LE(before, kAll);
  }
}

TEST(SentWeights, OfATableOrADenseMatrixAreAllThatAreKept) {
  Workload workload = one_layer(640, 1);
  workload.plan.sparsity.exceptions = {{.layers = "wte", .level = Fraction{500'000'000}},
                                       {.layers = "fc", .level = {}}};
  MaskLibrary masks;
  const auto& layers = workload.graph.layers;
  EXPECT_EQ(sent_weights(layers[0], workload.plan.sparsity, 64, masks), 8 * 640 / 2U);
  EXPECT_EQ(sent_weights(layers[1], workload.plan.sparsity, 64, masks), 64 * 640U);
}

TEST(LayerCosts, OfBlocksThatCannotBeSkippedCountZerosApart) {
  const auto cost = [](std::uint64_t block, const char* skip_block) {
    const Workload workload = one_layer(640, block);
    const WaferSpec wafer = test::machine("cs2", {{"wafer.pe.skip_block", skip_block}}).wafer;
    MaskLibrary masks;
    return LayerCosts{wafer, workload.plan, {{40, 8}, {}, 64}, masks}.of(workload.graph.layers[1]);
  };
  const LayerCost alone = cost(1, "1");
  const LayerCost filled = cost(1, "16");
  const Workload workload = one_layer(640, 1);
  MaskLibrary masks;
  const std::uint64_t sent = sent_weights(workload.graph.layers[1], workload.plan.sparsity, 16, masks);
  for (const auto pass : {&LayerCost::forward, &LayerCost::gradient, &LayerCost::delta}) {
    EXPECT_EQ((alone.*pass).fmacs, 4'096U * 64);  // kept weights times tokens
    EXPECT_EQ((alone.*pass).fmacs_of_zeros, 0U);
    EXPECT_EQ((filled.*pass).fmacs, 4'096U * 64);
    EXPECT_EQ((filled.*pass).fmacs_of_zeros, (sent - 4'096) * 64);
    EXPECT_EQ((filled.*pass).sram_accesses, (alone.*pass).sram_accesses / 4'096 * sent);
    EXPECT_GT((filled.*pass).busy(), (alone.*pass).busy());
    // Blocks of its own size cost such a core nothing.
    EXPECT_EQ((cost(16, "16").*pass).busy(), (cost(16, "1").*pass).busy());
    EXPECT_EQ((cost(16, "16").*pass).fmacs_of_zeros, 0U);
  }
}

TEST(Mapper, SplitsABatchThatDoesNotFitIntoEvenMicroBatches) {
  MaskLibrary masks;
  const Workload workload =
      test::workload("gpt2", {{"tokens_per_node", "7168"}, {"micro_batch", "3"}});  // 7 x 1024
  const WaferPlan plan = plan_wafer(test::machine("cs2").wafer, workload, 1, masks);
  EXPECT_EQ(plan.micro_batches, (std::vector<std::uint64_t>{3, 2, 2}));
}

TEST(SequencesPerNode, AGlobalBatchMustBeSharedEvenly) {
  TrainingPlan plan;
  plan.sequence_length = 10;
  plan.global_batch = 100;
  EXPECT_EQ(sequences_per_node(plan, 4), 25U);
  try {
    (void)sequences_per_node(plan, 3);
    FAIL() << "100 over 3";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("100 sequences cannot be shared evenly by 3 nodes; 99 or 102 would do"));
  }
}

}  // namespace
}  // namespace wafersim
