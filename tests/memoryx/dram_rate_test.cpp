// What a channel sustains follows from its timings by hand, for each way of using it.
#include "wafersim/memoryx/dram_rate.hpp"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"
#include "wafersim/memoryx/dram_channel.hpp"
#include "wafersim/memoryx/store_work.hpp"

#include "memoryx/dram_device.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kBurstBytes = 64;

// Bursts of 4 clocks that fit between two refreshes, in whole batches: the refresh, the first row's tRCD, one
// burst after the other, tRTP after the last one's command, tRP.
std::uint64_t bursts_between_refreshes(const DramSpec& dram) {
  const DramTimingSpec& t = dram.timing;
  const std::uint64_t bursts = (t.refi - t.rfc - t.rcd - t.rtp - t.rp) / 4 + 1;
  return bursts / dram.batch * dram.batch;
}

TEST(DramRate, AStreamThatReadsOneRankReachesWhatRefreshLeaves) {
  DramSpec dram = test::ddr4();
  dram.ranks = 1;
  // Bursts go round four bank groups, so tCCD_S = 4 clocks, the length of a burst, is all that holds them;
  // the next row of each group has been opened 32 bursts ahead. tREFI = 12480: (12480 - 880 - 22 - 12 - 22)/4
  // + 1 = 2887 bursts, 45 batches of 64 are 2880. They take 880 + 22 + 2879·4 + 12 + 22 = 12452 clocks.
  ASSERT_EQ(bursts_between_refreshes(dram), 2880U);
  const DramRate rate = steady_rate(dram, streaming_pattern(dram));
  EXPECT_EQ(rate.bytes * 12452, rate.clocks * 2880 * kBurstBytes);
  EXPECT_NEAR(rate.efficiency(dram), 2880.0 * 4 / 12452, 1e-12);  // 92.5 %
}

TEST(DramRate, AStreamThatChangesRanksPaysTheSwitchOncePerRowSet) {
  const DramSpec dram = test::ddr4();
  // A row set is 4 groups x 128 bursts = 512; 2880 bursts change it 5 or 6 times, 2 clocks each.
  const DramRate rate = steady_rate(dram, streaming_pattern(dram));
  EXPECT_LT(rate.efficiency(dram), 2880.0 * 4 / (12452 + 5 * 2));
  EXPECT_GT(rate.efficiency(dram), 2880.0 * 4 / (12452 + 6 * 2));
}

TEST(DramRate, WithoutBankGroupsTheStreamFallsToTheirLongDistance) {
  DramSpec dram = test::ddr4();
  dram.ranks = 1;
  dram.bank_groups = 1;
  dram.banks = 16;
  // Every burst is in the group of the one before: tCCD_L = 8 clocks. (12480 - 880 - 22 - 12 - 22)/8 + 1 =
  // 1444 bursts, 22 batches of 64 are 1408, in 880 + 22 + 1407·8 + 12 + 22 = 12192 clocks.
  const DramRate rate = steady_rate(dram, streaming_pattern(dram));
  EXPECT_EQ(rate.bytes * 12192, rate.clocks * 1408 * kBurstBytes);
}

TEST(DramRate, RowMissesShowWhereThereIsNoBankToOpenAhead) {
  DramSpec dram = test::ddr4();
  dram.ranks = 1;
  dram.bank_groups = 1;
  dram.banks = 1;
  dram.timing.refi = 60'000;
  // One bank: after the 128 bursts of a row, 8 clocks apart, tRTP, tRP and tRCD pass before the next row's
  // first burst. tRAS (52) is long over.
  constexpr std::uint64_t kRow = 127 * 8 + 12 + 22 + 22;
  // Half a row is a batch; a whole number of rows and perhaps a half fits between refreshes.
  const std::uint64_t room = 60'000 - 880 - 22 - 12 - 22;
  const std::uint64_t rows = room / kRow;
  ASSERT_EQ(rows, 55U);
  ASSERT_LT(room - rows * kRow, 63U * 8);  // no half row more: 55 rows = 110 batches
  const std::uint64_t clocks = 880 + 22 + 54 * kRow + 127 * 8 + 12 + 22;
  const DramRate rate = steady_rate(dram, streaming_pattern(dram));
  EXPECT_EQ(rate.bytes * clocks, rate.clocks * 55 * 128 * kBurstBytes);
}

TEST(DramRate, ScatteredReadsOfOneBankTakeARowCycleEach) {
  DramSpec dram = test::ddr4();
  dram.ranks = 1;
  dram.bank_groups = 1;
  dram.banks = 1;
  dram.batch = 1;
  // tRC = 74 clocks from row to row. The last burst's row may be closed tRAS after it was opened (later than
  // tRCD
  // + tRTP = 34): 880 + 74·(n - 1) + 52 + 22 <= 12480 gives n = 156.
  const DramRate rate = steady_rate(dram, scattered_pattern(dram));
  EXPECT_EQ(rate.bytes * (880 + 74 * 156), rate.clocks * 156 * kBurstBytes);
  EXPECT_LT(rate.efficiency(dram), 0.06);
}

TEST(DramRate, ScatteredReadsOverManyBanksAreHeldByTheActivateWindow) {
  DramSpec dram = test::ddr4();
  dram.ranks = 1;
  dram.batch = 4;
  dram.timing.faw = 34;  // chips with 8 data bits and pages of 1 KiB: 21 ns (JESD79-4)
  // Four rows in 34 clocks instead of 16. Sixteen banks at that pace come back after 136 > 74 clocks: tRC is
  // over. In a window the rows open at 0, 4, 8 and 12 (tRRD_S). n windows: 880 + 34·(n - 1) + 12 + tRAS 52 +
  // tRP 22 <= 12480 gives n = 339.
  const DramRate rate = steady_rate(dram, scattered_pattern(dram));
  EXPECT_EQ(rate.bytes * (880 + 34 * 338 + 12 + 52 + 22), rate.clocks * 339 * 4 * kBurstBytes);
  EXPECT_LT(rate.efficiency(dram), 0.45);
}

TEST(DramRate, PassingThroughPaysForBothTurnsOfEveryPairOfBatches) {
  DramSpec dram = test::ddr4();
  dram.ranks = 1;
  // A round writes 64 bursts and reads 64. From the last write to the first read: tCWL + burst + tWTR = 16 +
  // 4 + 4 in another group. The write of burst 63 is in group 3, that of 60 in group 0, where reads begin: 12
  // clocks earlier, and tWTR_L ends there after 16 + 4 + 12 - 12 = 20 < 24. From the last read to the first
  // write: tCL + burst + 2 - tCWL = 12.
  constexpr std::uint64_t kRound = 63 * 4 + 24 + 63 * 4 + 12;
  const DramRate rate = steady_rate(dram, passing_pattern(dram));
  // Between refreshes 21 rounds and possibly a batch: 880 + 22 + … <= 12480.
  const double refreshed = (12480.0 - 880 - 22 - 46 - 12) / 12480;
  const double expected = 2 * 64.0 * 4 / kRound * refreshed;
  EXPECT_LT(rate.efficiency(dram), expected + 0.001);
  // A refresh may come up to one batch early.
  EXPECT_GT(rate.efficiency(dram), expected * (1 - 256.0 / 12480) - 0.001);
}

TEST(DramRate, LargerBatchesTurnLessOftenAndNeverLoseBandwidth) {
  const double refresh_granularity = 0.011;  // of a batch before a refresh
  double last = 0;
  for (const std::uint64_t batch : {8U, 16U, 32U, 64U, 128U}) {
    DramSpec dram = test::ddr4();
    dram.batch = batch;
    const double now = steady_rate(dram, passing_pattern(dram)).efficiency(dram);
    EXPECT_GT(now, last - refresh_granularity);
    last = now;
  }
}

TEST(DramRate, NothingIsFasterThanTheBusWithoutItsRefreshes) {
  Random random{5};
  for (int i = 0; i < 40; ++i) {
    DramSpec dram = test::ddr4();
    const auto some = [&](std::uint64_t least, std::uint64_t most) {
      return least + random.below(most - least + 1);
    };
    dram.ranks = some(1, 3);
    dram.bank_groups = some(1, 4);
    dram.banks = some(1, 4);
    dram.page = Bytes{64 * some(1, 16)};
    dram.batch = some(1, 40);
    dram.lookahead = some(1, 40);
    dram.timing.faw = some(4, 60);
    dram.timing.rrd_s = some(1, 9);
    dram.timing.rrd_l = some(1, 12);
    dram.timing.refi = some(1500, 4000);
    const BytesByTensor reads{.gradients = some(0, 1) * 4, .optimizer = 4 * some(1, 3)};
    const BytesByTensor writes{.weights = some(1, 4), .optimizer = reads.optimizer};
    for (const DramPattern& pattern : {streaming_pattern(dram), passing_pattern(dram),
                                       scattered_pattern(dram), updating_pattern(dram, reads, writes)}) {
      const DramRate rate = steady_rate(dram, pattern);
      const auto refresh = static_cast<double>(dram.timing.rfc) / static_cast<double>(dram.timing.refi);
      EXPECT_LE(rate.efficiency(dram), 1.0 - refresh);
      EXPECT_GT(rate.efficiency(dram), 0.0);
    }
  }
}

TEST(DramRate, SlowerDevicesAreNeverFaster) {
  // Orders are fixed, so each timing only ever delays. Refreshes fall between batches: a slower device may
  // have its refresh at a luckier place, by at most a batch.
  const DramSpec dram = test::ddr4();
  const auto rate_with = [&](std::uint64_t DramTimingSpec::*timing) {
    DramSpec slow = dram;
    slow.timing.*timing += 7;
    return steady_rate(slow, passing_pattern(slow)).efficiency(slow);
  };
  const double plain = steady_rate(dram, passing_pattern(dram)).efficiency(dram);
  for (const auto timing : {&DramTimingSpec::ccd_s, &DramTimingSpec::wtr_s, &DramTimingSpec::wtr_l,
                            &DramTimingSpec::read_to_write, &DramTimingSpec::rank_switch, &DramTimingSpec::rp,
                            &DramTimingSpec::rcd, &DramTimingSpec::rfc}) {
    EXPECT_LE(rate_with(timing), plain * (1 + 256.0 / 12480));
  }
}

TEST(DramRate, IsTheSameAsServingAMillionBurstsOneByOne) {
  // The oracle knows nothing of periods: it goes on for a thousand refreshes and divides.
  DramSpec dram = test::ddr4();
  dram.ranks = 1;
  dram.bank_groups = 1;
  dram.banks = 2;
  dram.batch = 3;
  dram.lookahead = 1;
  dram.page = Bytes{5 * kBurstBytes};
  dram.timing.refi = 2500;
  const DramTimingSpec& t = dram.timing;
  std::uint64_t time = 0;  // of the refresh
  std::uint64_t n = 0;
  constexpr std::uint64_t kRefreshes = 1000;
  for (std::uint64_t refreshes = 0; refreshes < kRefreshes; ++refreshes) {
    struct Bank {
      std::uint64_t row = ~std::uint64_t{0};
      std::uint64_t opened = 0;
      std::uint64_t last_read = 0;
    };
    std::array<Bank, 2> banks;
    std::uint64_t read = time;   // the last one
    std::uint64_t activate = 0;  // the last one
    std::uint64_t refresh = time + t.rfc;
    const auto serve = [&](std::uint64_t burst) {
      const std::uint64_t row = burst / 5;
      Bank& bank = banks[row % 2];
      if (bank.row != row) {
        const bool open = bank.row != ~std::uint64_t{0};
        std::uint64_t at = std::max({time + t.rfc, read, activate});
        if (activate > 0) at = std::max(at, activate + t.rrd_l);
        if (open)
          at = std::max(
              {std::max({bank.opened + t.ras, bank.last_read + t.rtp, read}) + t.rp, bank.opened + t.rc, at});
        bank.row = row;
        bank.opened = activate = at;
        read = std::max(read == time ? 0 : read + t.ccd_l, at + t.rcd);
      } else {
        read = read + t.ccd_l;
      }
      bank.last_read = read;
      refresh = 0;
      for (const Bank& one : banks) {
        if (one.row == ~std::uint64_t{0}) continue;
        refresh = std::max(
            {refresh, one.opened + t.rc, std::max(one.opened + t.ras, one.last_read + t.rtp) + t.rp});
      }
    };
    std::uint64_t before = 0;
    for (bool first = true;; first = false) {
      const auto saved = std::tuple{banks, read, activate, refresh};
      for (std::uint64_t i = 0; i < dram.batch; ++i) serve(n + i);
      if (!first && refresh > time + t.refi) {
        before = std::get<3>(saved);
        break;
      }
      n += dram.batch;
    }
    time = before;
  }
  const DramRate rate = steady_rate(dram, streaming_pattern(dram));
  const double simulated = static_cast<double>(rate.bytes) / static_cast<double>(rate.clocks);
  const double served = static_cast<double>(n * kBurstBytes) / static_cast<double>(time);
  EXPECT_NEAR(simulated, served, served * 2 / kRefreshes);
}

}  // namespace
}  // namespace wafersim
