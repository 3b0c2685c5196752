// What flash sustains and how long it lasts, worked out by hand and held against dies that work page by page.
#include "wafersim/memoryx/flash.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"
#include "wafersim/base/time.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

using namespace literals;

// One channel of 1 GB/s; a stripe of two planes x 10 kB takes 20 us to send.
FlashSpec one_channel(std::uint64_t dies) {
  FlashSpec flash = test::machine("cs2").memoryx.flash;
  flash.interface = BytesPerSecond{100'000'000'000};
  flash.channels = 1;
  flash.channel_rate = 1_GBps;
  flash.dies = dies;
  flash.planes = 2;
  flash.page = Bytes{10'000};
  flash.pages_per_block = 100;
  flash.read_time = 60_us;
  flash.program_time = 480_us;
  flash.erase_time = Picoseconds{2'000'000'000};
  flash.write_amplification = Fraction{Fraction::kOne};
  return flash;
}

TEST(FlashRead, IsLimitedByItsDiesOrByTheChannelThatTheyShare) {
  // A die sends 20 kB every 60 + 20 us: 250 MB/s. Four of them fill the channel.
  EXPECT_EQ(flash_read_rate(one_channel(1)), BytesPerSecond{250'000'000});
  EXPECT_EQ(flash_read_rate(one_channel(3)), BytesPerSecond{750'000'000});
  EXPECT_EQ(flash_read_rate(one_channel(4)), BytesPerSecond{1'000'000'000});
  EXPECT_EQ(flash_read_rate(one_channel(5)), BytesPerSecond{1'000'000'000});
}

TEST(FlashRead, IsLimitedByTheInterfaceJustBelowWhatItsDiesDeliver) {
  FlashSpec flash = one_channel(3);
  flash.interface = BytesPerSecond{749'999'999};
  EXPECT_EQ(flash_read_rate(flash), BytesPerSecond{749'999'999});
  flash.interface = BytesPerSecond{750'000'001};
  EXPECT_EQ(flash_read_rate(flash), BytesPerSecond{750'000'000});
}

TEST(FlashRead, EqualsDiesThatFetchAndSendPageByPage) {
  // The oracle: a die fetches a stripe, waits for the channel, sends it, and fetches the next.
  Random random{3};
  for (int i = 0; i < 50; ++i) {
    FlashSpec flash = one_channel(1 + random.below(12));
    flash.read_time = Picoseconds{1'000'000 * (1 + random.below(200))};
    std::vector<std::uint64_t> fetched(flash.dies, flash.read_time.count());
    std::uint64_t channel = 0;
    constexpr std::uint64_t kStripes = 20'000;
    for (std::uint64_t stripe = 0; stripe < kStripes; ++stripe) {
      std::uint64_t& die = fetched[stripe % flash.dies];
      channel = std::max(channel, die) + 20'000'000;
      die = channel + flash.read_time.count();
    }
    const double served = static_cast<double>(kStripes) * 20'000 / (static_cast<double>(channel) * 1e-12);
    const auto rate = static_cast<double>(flash_read_rate(flash).count());
    EXPECT_NEAR(served, rate, rate * 0.01);  // the first fetch is in the oracle's time only
  }
}

TEST(FlashWrite, PaysForTheProgrammingTheErasingAndTheCopying) {
  FlashSpec flash = one_channel(1);
  // 20 us to the die, 480 us into the cells, and a hundredth of 2 ms: 520 us for 20 kB.
  EXPECT_EQ(flash_write_rate(flash), BytesPerSecond{20'000ULL * 1'000'000 / 520});
  // Amplified by 1.5: 1.5 x 520 us, and half a stripe read from where it was, 0.5 x (60 + 20).
  flash.write_amplification = Fraction{Fraction::kOne * 3 / 2};
  EXPECT_EQ(flash_write_rate(flash), BytesPerSecond{20'000ULL * 1'000'000 / 820});
  // Many dies: each stripe crosses the channel 1.5 times inwards and half a time outwards.
  flash.dies = 1000;
  EXPECT_EQ(flash_write_rate(flash), BytesPerSecond{500'000'000});
  flash.interface = BytesPerSecond{400'000'000};
  EXPECT_EQ(flash_write_rate(flash), BytesPerSecond{400'000'000});
}

TEST(FlashShares, DivideTheArrayByTimeAndTheInterfaceByDirection) {
  FlashSpec flash = one_channel(3);  // reads 750 MB/s, writes 3 x 20 kB in 520 us
  flash.write_share = Fraction{Fraction::kOne / 5};
  flash.stream_share = Fraction{Fraction::kOne / 4};
  const FlashShares shares = flash_shares(flash);
  EXPECT_EQ(shares.stream, BytesPerSecond{150'000'000});        // 750 x 4/5 x 1/4
  EXPECT_EQ(shares.update_reads, BytesPerSecond{450'000'000});  // 750 x 4/5 x 3/4
  EXPECT_EQ(shares.update_writes, BytesPerSecond{flash_write_rate(flash).count() / 5});
  flash.interface = BytesPerSecond{100'000'000};  // narrower than the array's share of reading
  EXPECT_EQ(flash_shares(flash).stream, BytesPerSecond{25'000'000});
}

TEST(FlashWear, CountsErasesOfAllCellsAndTheStepsThatTheyBear) {
  MemoryXSpec store = test::machine("cs2").memoryx;
  store.shards = 2;
  store.flash.capacity = Bytes{1'000'000};
  store.flash.over_provisioning = Fraction{Fraction::kOne / 4};
  store.flash.write_amplification = Fraction{Fraction::kOne * 2};
  store.flash.endurance = 1000;
  // 2.5 MB of cells; a step programs twice its 100 kB: 0.08 erase cycles. 2.5 MB x 1000 / 200 kB = 12500
  // steps.
  FlashWear wear = flash_wear(store, Bytes{100'000});
  EXPECT_EQ(wear.raw, Bytes{2'500'000});
  EXPECT_EQ(wear.programmed, Bytes{200'000});
  EXPECT_DOUBLE_EQ(wear.cycles_per_step(), 0.08);
  EXPECT_EQ(wear.steps, 12'500U);
  wear = flash_wear(store, Bytes{100'001});  // one byte more: the last step does not fit
  EXPECT_EQ(wear.steps, 12'499U);
  EXPECT_EQ(flash_wear(store, Bytes{}).steps, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace wafersim
