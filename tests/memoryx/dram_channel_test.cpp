// Every gate of a DRAM channel opens at exactly the clock that its timings say, and not one before.
#include "wafersim/memoryx/dram_channel.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace wafersim {
namespace {

// All timings differ, so that no gate can hide behind another's number.
DramSpec device() {
  DramSpec dram;
  dram.channels = 1;
  dram.clock = Hertz{1'000'000'000};
  dram.bus = Bytes{8};
  dram.burst_length = 8;  // 4 clocks
  dram.ranks = 2;
  dram.bank_groups = 2;
  dram.banks = 8;
  dram.page = Bytes{1024};
  dram.timing = {.cl = 21,
                 .cwl = 16,
                 .rcd = 23,
                 .rp = 19,
                 .ras = 53,
                 .rc = 79,
                 .ccd_s = 5,
                 .ccd_l = 8,
                 .ccd_l_wr = 9,
                 .rrd_s = 6,
                 .rrd_l = 10,
                 .faw = 61,
                 .rtp = 12,
                 .wr = 25,
                 .wtr_s = 3,
                 .wtr_l = 13,
                 .read_to_write = 2,
                 .rank_switch = 1,
                 .refi = 5000,
                 .rfc = 400};
  return dram;
}

constexpr DramBank kBank{.rank = 0, .group = 0, .bank = 0};
constexpr DramBank kSameGroup{.rank = 0, .group = 0, .bank = 1};
constexpr DramBank kOtherGroup{.rank = 0, .group = 1, .bank = 0};
constexpr DramBank kOtherRank{.rank = 1, .group = 0, .bank = 0};
constexpr std::uint64_t kLong = 10'000;  // everything before it is over

// Opens rows in all four banks, long enough before kLong that nothing of it is left.
DramChannel with_open_rows() {
  DramChannel channel{device()};
  std::uint64_t time = 1000;
  for (const DramBank& bank : {kBank, kSameGroup, kOtherGroup, kOtherRank}) {
    channel.activate(bank, time);
    time += 1000;
  }
  return channel;
}

// The gate is shut at `expected - 1` and open at `expected`.
void expect_opens_at(std::uint64_t expected, std::uint64_t first) {
  const auto open = [&](std::uint64_t clock) { return clock >= first; };
  EXPECT_FALSE(open(expected - 1)) << "open one clock before " << expected;
  EXPECT_TRUE(open(expected)) << "not open at " << expected << " but at " << first;
}

TEST(DramGate, ReadAndWriteWaitForTheActivate) {
  DramChannel channel{device()};
  channel.activate(kBank, kLong);
  expect_opens_at(kLong + 23, channel.first_read(kBank));   // tRCD
  expect_opens_at(kLong + 23, channel.first_write(kBank));  // tRCD
}

TEST(DramGate, PrechargeWaitsForTheActivateTheReadAndTheWrittenData) {
  DramChannel channel = with_open_rows();
  channel.read(kBank, kLong);
  expect_opens_at(kLong + 12, channel.first_precharge(kBank));  // tRTP
  channel = with_open_rows();
  channel.write(kBank, kLong);
  expect_opens_at(kLong + 16 + 4 + 25, channel.first_precharge(kBank));  // tCWL + burst + tWR
  channel = DramChannel{device()};
  channel.activate(kBank, kLong);
  expect_opens_at(kLong + 53, channel.first_precharge(kBank));  // tRAS
}

TEST(DramGate, ActivateWaitsForTheSameBanksPrechargeAndActivate) {
  DramChannel channel = with_open_rows();
  channel.precharge(kBank, kLong);
  expect_opens_at(kLong + 19, channel.first_activate(kBank));  // tRP
  channel = DramChannel{device()};
  channel.activate(kBank, kLong);
  channel.precharge(kBank, kLong + 53);
  expect_opens_at(kLong + 79, channel.first_activate(kBank));  // tRC, later than 53 + 19
}

TEST(DramGate, ActivatesOfOneRankKeepTheirDistance) {
  DramChannel channel{device()};
  channel.activate(kBank, kLong);
  expect_opens_at(kLong + 10, channel.first_activate(kSameGroup));  // tRRD_L
  expect_opens_at(kLong + 6, channel.first_activate(kOtherGroup));  // tRRD_S
  EXPECT_EQ(channel.first_activate(kOtherRank), 0U);                // ranks do not feel each other
}

TEST(DramGate, AWindowHoldsFourActivatesOfARank) {
  DramChannel channel{device()};
  // Alternating groups, 10 clocks apart: neither tRRD ever binds.
  for (std::uint64_t i = 0; i < 4; ++i)
    channel.activate({.rank = 0, .group = i % 2, .bank = i / 2}, kLong + 10 * i);
  const DramBank fifth{.rank = 0, .group = 0, .bank = 4};
  expect_opens_at(kLong + 61, channel.first_activate(fifth));  // tFAW after the first of the four
  channel.activate(fifth, kLong + 61);
  const DramBank sixth{.rank = 0, .group = 1, .bank = 4};
  expect_opens_at(kLong + 71, channel.first_activate(sixth));  // tFAW after the second
  EXPECT_EQ(channel.first_activate(kOtherRank), 0U);
}

TEST(DramGate, ReadsFollowEachOther) {
  DramChannel channel = with_open_rows();
  channel.read(kBank, kLong);
  expect_opens_at(kLong + 8, channel.first_read(kSameGroup));      // tCCD_L
  expect_opens_at(kLong + 5, channel.first_read(kOtherGroup));     // tCCD_S
  expect_opens_at(kLong + 4 + 1, channel.first_read(kOtherRank));  // burst + rank switch
}

TEST(DramGate, WritesFollowEachOther) {
  DramChannel channel = with_open_rows();
  channel.write(kBank, kLong);
  expect_opens_at(kLong + 9, channel.first_write(kSameGroup));      // tCCD_L_WR
  expect_opens_at(kLong + 5, channel.first_write(kOtherGroup));     // tCCD_S
  expect_opens_at(kLong + 4 + 1, channel.first_write(kOtherRank));  // burst + rank switch
}

TEST(DramGate, AWriteWaitsUntilTheBusHasTurnedFromAReadsData) {
  DramChannel channel = with_open_rows();
  channel.read(kBank, kLong);
  // The read's data end at tCL + burst; the write's begin tCWL after it, a turn later.
  expect_opens_at(kLong + 21 + 4 + 2 - 16, channel.first_write(kOtherGroup));
  expect_opens_at(kLong + 21 + 4 + 2 - 16, channel.first_write(kOtherRank));
}

TEST(DramGate, AReadWaitsUntilWrittenDataAreIn) {
  DramChannel channel = with_open_rows();
  channel.write(kBank, kLong);
  expect_opens_at(kLong + 16 + 4 + 13, channel.first_read(kSameGroup));  // tCWL + burst + tWTR_L
  expect_opens_at(kLong + 16 + 4 + 3, channel.first_read(kOtherGroup));  // tCWL + burst + tWTR_S
  // Another rank only needs the bus: its data may begin one clock after the written data end, but two reads
  // of 16 + 4 + 1 - 21 = 0 clocks' distance cannot be: the gate is where the write was.
  EXPECT_EQ(channel.first_read(kOtherRank), kLong + 16 + 4 + 1 - 21);
}

TEST(DramGate, ARefreshWaitsForPrechargesAndHoldsEveryBank) {
  DramChannel channel = with_open_rows();
  channel.write(kBank, kLong);
  expect_opens_at(kLong + 16 + 4 + 25 + 19, channel.first_refresh());  // the write's precharge, then tRP
  channel.refresh(kLong + 64);
  for (const DramBank& bank : {kBank, kSameGroup, kOtherGroup, kOtherRank}) {
    EXPECT_FALSE(channel.is_open(bank));
    expect_opens_at(kLong + 64 + 400, channel.first_activate(bank));  // tRFC
  }
}

}  // namespace
}  // namespace wafersim
