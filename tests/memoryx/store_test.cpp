// What the weight store keeps and moves for each weight, and where it puts it.
#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/memoryx/optimizer.hpp"
#include "wafersim/memoryx/placement.hpp"

namespace wafersim {
namespace {

using namespace literals;

TEST(OptimizerCost, AdamStoresTwentyBytesPerParameter) {
  // FP32 master, two moments and gradient (16), and two FP16 copies (4): 120e12 of them are the published 2.4
  // PB.
  EXPECT_EQ(optimizer_cost(OptimizerKind::adam, 2, 0, 1).stored_bytes, 20U);
  EXPECT_EQ(optimizer_cost(OptimizerKind::momentum, 2, 0, 1).stored_bytes, 16U);
  EXPECT_EQ(optimizer_cost(OptimizerKind::sgd, 2, 0, 1).stored_bytes, 12U);
  EXPECT_EQ(optimizer_cost(OptimizerKind::adam, 2, 2, 1).stored_bytes, 22U);  // and its index, when sparse
}

TEST(OptimizerCost, AdamReadsTwelveBytesAndWritesFourteen) {
  const OptimizerCost cost = optimizer_cost(OptimizerKind::adam, 2, 0, 1);
  EXPECT_EQ(cost.update_reads, 12U);   // master and two moments
  EXPECT_EQ(cost.update_writes, 14U);  // the same and the streamed copy
}

TEST(OptimizerCost, AStoredGradientSumIsReadBack) {
  EXPECT_EQ(optimizer_cost(OptimizerKind::adam, 2, 0, 3).update_reads, 16U);
  EXPECT_EQ(optimizer_cost(OptimizerKind::adam, 2, 0, 3).accumulate_bytes, 8U);  // read, add, write
}

constexpr StoreCapacity kStore{.shards = 2, .dram = 100_B, .flash = 1000_B, .read_ahead = 30_B};

TEST(Placement, EverythingInDramLeavesTheReadAheadBufferUnused) {
  const Placement placement = place_layers({150_B, 50_B}, kStore);  // 75 + 25 bytes per shard
  EXPECT_EQ(placement.in_flash, (std::vector<bool>{false, false}));
  EXPECT_EQ(placement.dram_used, 200_B);
}

TEST(Placement, OneByteMoreMovesALayerToFlashAndReservesTheReadAheadBuffer) {
  const Placement placement = place_layers({150_B, 51_B}, kStore);  // 75 + 26 > 100; with read-ahead 75 > 70
  EXPECT_EQ(placement.in_flash, (std::vector<bool>{true, false}));
  EXPECT_EQ(placement.flash_used, 150_B);
}

TEST(Placement, SaysHowManyBytesAreMissing) {
  try {
    (void)place_layers({2101_B}, kStore);
    FAIL() << "it cannot fit";
  } catch (const DoesNotFit& error) {
    EXPECT_NE(std::string{error.what()}.find("101 bytes are missing"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace wafersim
