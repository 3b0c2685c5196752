// What the weight store keeps and moves for each weight, and where it puts it.
#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/memoryx/optimizer.hpp"
#include "wafersim/memoryx/placement.hpp"
#include "wafersim/memoryx/store_work.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

using namespace literals;

TEST(OptimizerCost, AdamStoresTwentyBytesPerParameter) {
  // FP32 master, two moments and gradient (16), and two FP16 copies (4): 120e12 of them are the published 2.4
  // PB.
  EXPECT_EQ(sum_of(optimizer_cost(OptimizerKind::adam, 2, 0, 1).stored), 20U);
  EXPECT_EQ(sum_of(optimizer_cost(OptimizerKind::momentum, 2, 0, 1).stored), 16U);
  EXPECT_EQ(sum_of(optimizer_cost(OptimizerKind::sgd, 2, 0, 1).stored), 12U);
  EXPECT_EQ(sum_of(optimizer_cost(OptimizerKind::adam, 2, 2, 1).stored), 22U);  // and its index, when sparse
}

TEST(OptimizerCost, AdamReadsTwelveBytesAndWritesFourteen) {
  const OptimizerCost cost = optimizer_cost(OptimizerKind::adam, 2, 0, 1);
  EXPECT_EQ(cost.update_reads, (BytesByTensor{.optimizer = 12}));                 // master and two moments
  EXPECT_EQ(cost.update_writes, (BytesByTensor{.weights = 2, .optimizer = 12}));  // and the streamed copy
}

TEST(OptimizerCost, AStoredGradientSumIsReadBack) {
  const OptimizerCost cost = optimizer_cost(OptimizerKind::adam, 2, 0, 3);
  EXPECT_EQ(cost.update_reads, (BytesByTensor{.gradients = 4, .optimizer = 12}));
}

TEST(OptimizerCost, AdafactorKeepsNoMomentOfEveryWeightButReadsTheGradientTwice) {
  const OptimizerCost cost = optimizer_cost(OptimizerKind::adafactor, 2, 0, 1);
  EXPECT_EQ(sum_of(cost.stored), 12U);  // FP32 master and gradient, two FP16 copies
  EXPECT_EQ(cost.line_bytes, 4U);       // the second moment of a row or column
  // The gradient is written as it arrives, read for the step's mean square, and read for the step.
  EXPECT_EQ(cost.update_reads, (BytesByTensor{.gradients = 8, .optimizer = 4}));
  EXPECT_EQ(cost.update_writes, (BytesByTensor{.weights = 2, .gradients = 4, .optimizer = 4}));
  EXPECT_TRUE(cost.needs_whole);
  EXPECT_FALSE(optimizer_cost(OptimizerKind::adam, 2, 0, 1).needs_whole);
}

TEST(OptimizerCost, EveryOptimizerHasItsOperations) {
  const auto flops = [](OptimizerKind kind) { return optimizer_cost(kind, 2, 0, 1).flops; };
  EXPECT_EQ(flops(OptimizerKind::sgd), 2U);         // w -= lr g
  EXPECT_EQ(flops(OptimizerKind::momentum), 4U);    // m = b m + g; w -= lr m
  EXPECT_EQ(flops(OptimizerKind::adam), 15U);       // 3 + 4 moments, 2 corrections, 6 for the step
  EXPECT_EQ(flops(OptimizerKind::adafactor), 12U);  // six pairs
}

constexpr TensorTiers kAllDram{Tier::dram, Tier::dram, Tier::dram};
constexpr TensorTiers kAllFlash{Tier::flash, Tier::flash, Tier::flash};

TEST(StoreWork, OfAnUpdateInDramMovesItsBytesThereAndNowhereElse) {
  const MemoryXSpec store = test::machine("cs2").memoryx;
  StoreWorks works{store};
  const OptimizerCost adam = optimizer_cost(OptimizerKind::adam, 2, 0, 1);
  const StoreWork work = works.update(adam, kAllDram);
  EXPECT_EQ(work.dram_bytes, 26U);
  EXPECT_EQ(work.flash_reads + work.flash_writes, 0U);
  EXPECT_EQ(work.flops, 15U);
  // A million weights take exactly as long as the rate of their pattern says, over the channels, rounded up.
  const DramRate rate =
      steady_rate(store.dram, updating_pattern(store.dram, adam.update_reads, adam.update_writes));
  EXPECT_EQ(work.dram_clocks.times(1'000'000),
            multiply_divide_up(26'000'000, rate.clocks, rate.bytes * store.dram.channels));
}

TEST(StoreWork, OfAnUpdateInFlashPassesThroughDram) {
  const MemoryXSpec store = test::machine("cs2").memoryx;
  StoreWorks works{store};
  const StoreWork work = works.update(optimizer_cost(OptimizerKind::adam, 2, 0, 1), kAllFlash);
  EXPECT_EQ(work.flash_reads, 12U);
  EXPECT_EQ(work.flash_writes, 14U);
  EXPECT_EQ(work.dram_bytes, 2U * 26);  // each is written to DRAM and read from it once
  const DramRate rate = steady_rate(store.dram, passing_pattern(store.dram));
  EXPECT_EQ(work.passing_clocks.times(1'000'000),
            multiply_divide_up(52'000'000, rate.clocks, rate.bytes * store.dram.channels));
  EXPECT_EQ(work.dram_clocks.times(1'000'000), 0U);
}

TEST(StoreWork, OfTensorsInBothTiersIsTheSumOfWhatLiesInEach) {
  const MemoryXSpec store = test::machine("cs2").memoryx;
  StoreWorks works{store};
  const TensorTiers tiers{.weights = Tier::dram, .gradients = Tier::dram, .optimizer = Tier::flash};
  const StoreWork work = works.update(optimizer_cost(OptimizerKind::adam, 2, 0, 3), tiers);
  EXPECT_EQ(work.flash_reads, 12U);                   // master and moments
  EXPECT_EQ(work.flash_writes, 12U);                  // the same
  EXPECT_EQ(work.dram_bytes, 4U + 2U + 2U * 24);      // gradient sum, streamed copy, and what passes through
  EXPECT_EQ(works.accumulate(tiers).dram_bytes, 8U);  // the sum is read and written
  EXPECT_EQ(works.stream(tiers.weights).dram_bytes, 1U);
}

TEST(StoreWork, EveryPatternIsSimulatedOnce) {
  const MemoryXSpec store = test::machine("cs2").memoryx;
  StoreWorks works{store};
  const OptimizerCost adam = optimizer_cost(OptimizerKind::adam, 2, 0, 1);
  for (int i = 0; i < 3; ++i) {
    (void)works.stream(Tier::dram);
    (void)works.stream(Tier::flash);
    (void)works.update(adam, kAllDram);
    (void)works.update(adam, kAllFlash);
  }
  std::vector<std::string> names;
  for (const auto& used : works.used()) names.push_back(used.name);
  EXPECT_EQ(names, (std::vector<std::string>{"streaming", "passing through", "updating"}));
}

// Two shards with 100 B of DRAM and 1000 B of flash each.
StoreCapacity small_store(const PlacementSpec& pins = {}) {
  return {.shards = 2, .dram = 100_B, .flash = 1000_B, .read_ahead = 30_B, .pins = pins};
}

// A layer without gradients or optimizer state: `weights` bytes.
ByTensor<Bytes> only(Bytes weights) {
  return {.weights = weights, .gradients = {}, .optimizer = {}};
}

TEST(Placement, EverythingInDramLeavesTheReadAheadBufferUnused) {
  const Placement placement = place_layers({only(150_B), only(50_B)}, small_store());  // 75 + 25 per shard
  EXPECT_EQ(placement.tiers, (std::vector<TensorTiers>{kAllDram, kAllDram}));
  EXPECT_EQ(placement.dram_used, 200_B);
}

TEST(Placement, OneByteMoreMovesALayerToFlashAndReservesTheReadAheadBuffer) {
  // 75 + 26 > 100; with read-ahead 75 > 70.
  const Placement placement = place_layers({only(150_B), only(51_B)}, small_store());
  EXPECT_EQ(placement.tiers, (std::vector<TensorTiers>{kAllFlash, kAllDram}));
  EXPECT_EQ(placement.flash_used, 150_B);
}

TEST(Placement, PinnedTensorsLieWhereTheyArePinnedAndTheRestGoesDramFirst) {
  const ByTensor<Bytes> layer{.weights = 40_B, .gradients = 40_B, .optimizer = 120_B};
  const Placement placement =
      place_layers({layer, layer, layer}, small_store({.weights = Tier::dram, .optimizer = Tier::flash}));
  // Of 100 B a shard, 30 are the read-ahead buffer and 3 x 20 the pinned weights; 10 are left, and the first
  // layer's gradients need 20.
  const TensorTiers tiers{.weights = Tier::dram, .gradients = Tier::flash, .optimizer = Tier::flash};
  EXPECT_EQ(placement.tiers, (std::vector<TensorTiers>{tiers, tiers, tiers}));
  EXPECT_EQ(placement.dram_used, 120_B);
  EXPECT_EQ(placement.flash_used, 480_B);
}

std::string refusal(const std::vector<ByTensor<Bytes>>& layers, const PlacementSpec& pins) {
  try {
    (void)place_layers(layers, small_store(pins));
  } catch (const DoesNotFit& error) {
    return error.what();
  }
  return "it fits";
}

TEST(Placement, APinnedTensorLargerThanItsTierIsRefusedWithWhatIsMissing) {
  // 101 B in a shard of 100.
  EXPECT_EQ(
      refusal({only(202_B)}, {.weights = Tier::dram}),
      "memoryx.placement.weights: dram does not fit: they take 101 bytes of each of the 2 servers, whose "
      "DRAM has 100 left for them; 1 bytes are missing (memoryx.placement.weights=flash or auto, or a "
      "larger memoryx.dram.capacity would fit)");
  EXPECT_EQ(refusal({only(200_B)}, {.weights = Tier::dram}), "it fits");
  // The second pin has what the first left.
  EXPECT_NE(refusal({{.weights = 120_B, .gradients = 82_B, .optimizer = {}}},
                    {.weights = Tier::dram, .gradients = Tier::dram})
                .find("DRAM has 40 left for them; 1 bytes are missing"),
            std::string::npos);
  EXPECT_NE(refusal({only(2002_B)}, {.weights = Tier::flash}).find("2 bytes are missing"), std::string::npos);
}

TEST(Placement, SaysHowManyBytesAreMissing) {
  try {
    (void)place_layers({only(2101_B)}, small_store());
    FAIL() << "it cannot fit";
  } catch (const DoesNotFit& error) {
    EXPECT_NE(std::string{error.what()}.find("101 bytes are missing"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace wafersim
