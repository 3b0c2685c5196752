// The collectives on the wavelet engine: published points, closed forms, exact counts, values bit for bit.
#include "wafersim/kernel/mesh/collective.hpp"

#include <bit>
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/mesh/arithmetic.hpp"

namespace wafersim {
namespace {

struct Ran {
  Collective collective;
  CollectiveResult result;
  [[nodiscard]] std::uint64_t body() const { return result.cycles - collective.pe_costs; }
};

Ran run(const std::string& kernel, GridSize grid, std::uint32_t length,
        Precision precision = Precision::f32) {
  Ran ran;
  ran.collective =
      make_collective({.kernel = kernel, .grid = grid, .length = length, .precision = precision});
  const auto engine = make_fast_engine(ran.collective.plan);
  load_initial_values(ran.collective, *engine);
  ran.result = run_collective(ran.collective, *engine);
  EXPECT_TRUE(ran.result.values_match) << kernel << " B " << length;
  EXPECT_EQ(ran.result.outcome.status, MeshStatus::finished) << kernel;
  return ran;
}

double percent_off(double found, double expected) {
  return 100 * std::abs(found / expected - 1);
}

// Points of the vendor's simulator: Luczynski et al., HPDC'24, B + 3127 at 512 PEs and 95 at 4 PEs.
TEST(ChainReduce, TakesThePublishedCycles) {
  EXPECT_EQ(run("reduce.chain", {4, 1}, 16).result.cycles, 95);
  for (const std::uint32_t b : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}) {
    EXPECT_EQ(run("reduce.chain", {512, 1}, b).result.cycles, b + 3127) << b;
  }
}

TEST(ChainReduce, CostsSixCyclesAHopAndOneAnElement) {
  // Ramp 2, add 1, ramp 2, link 1.
  const std::uint64_t base = run("reduce.chain", {10, 1}, 10).result.cycles;
  EXPECT_EQ(run("reduce.chain", {11, 1}, 10).result.cycles, base + 6);
  EXPECT_EQ(run("reduce.chain", {10, 1}, 11).result.cycles, base + 1);
}

// The longer vectors of the same points: model_sweep_test.cpp.
TEST(TreeReduce, IsWithinThreePercentOfThePublishedPointsOfShortVectors) {
  const std::map<std::uint32_t, double> points{{1, 742},  {2, 748},  {4, 760},   {8, 784},
                                               {16, 832}, {32, 931}, {64, 1155}, {128, 1646}};
  for (const auto& [b, cycles] : points) {
    EXPECT_LT(percent_off(static_cast<double>(run("reduce.tree", {512, 1}, b).result.cycles), cycles), 3.0)
        << b;
  }
}

TEST(Broadcast, BodyIsElementsPlusPesPlusBothRamps) {
  EXPECT_EQ(run("broadcast", {512, 1}, 175).body(), 175U + 512U + 4U);  // the published 691
  EXPECT_EQ(run("broadcast", {128, 1}, 1).body(), 133U);
}

TEST(Landings, AreThePublishedCounts) {
  EXPECT_EQ(run("reduce.chain", {4, 1}, 16).result.counts.landings(), 96U);
  EXPECT_EQ(run("broadcast", {512, 1}, 175).result.counts.landings(), 89'600U);
  EXPECT_EQ(run("reduce.tree", {512, 1}, 128).result.counts.landings(), 360'320U);
}

TEST(ClosedForms, EqualTheEngineWhereNoTwoMessagesWantALinkAtOnce) {
  for (const char* kernel : {"broadcast", "broadcast.2d", "reduce.chain", "reduce.chain.2d",
                             "reduce.chain.snake", "reduce.star", "reduce.two_phase", "reduce.two_phase.2d",
                             "allreduce.chain", "allreduce.star", "allreduce.two_phase"}) {
    for (const GridSize grid : {GridSize{2, 2}, GridSize{7, 3}, GridSize{65, 2}}) {
      for (const std::uint32_t b : {1U, 5U, 40U}) {
        const Ran ran = run(kernel, grid, b);
        EXPECT_EQ(ran.result.cycles, ran.collective.closed_form)
            << kernel << " " << spell(grid) << " B " << b;
      }
    }
  }
}

TEST(ClosedForms, SayWhatTheCyclesAreSpentOn) {
  // 511 hops of 1 link, 2 + 2 ramp and 1 add; 256 elements; start and finish 61.
  const CycleShares shares =
      make_collective({.kernel = "reduce.chain", .grid = {512, 1}, .length = 256}).shares.value();
  EXPECT_EQ(shares.link, 511U);
  EXPECT_EQ(shares.ramp, 4U * 511);
  EXPECT_EQ(shares.datapath, 511U + 256);
  EXPECT_EQ(shares.tasks, 61U);
  const CycleShares grid =
      make_collective({.kernel = "reduce.chain.2d", .grid = {8, 5}, .length = 9}).shares.value();
  EXPECT_EQ(grid.link, 7U + 4U);
  EXPECT_EQ(grid.datapath, 7U + 9 + 4 + 9);
  EXPECT_EQ(grid.tasks, 61U + 6);
}

TEST(Values, AreRightForEveryKernelOnEveryShape) {
  for (const std::string& kernel : collective_names()) {
    for (const GridSize grid :
         {GridSize{2, 1}, GridSize{2, 5}, GridSize{5, 4}, GridSize{64, 3}, GridSize{67, 2}}) {
      (void)run(kernel, grid, 6);
    }
  }
}

TEST(Values, AreRightForEveryKernelInFp16AndMixed) {
  for (const std::string& kernel : collective_names()) {
    for (const Precision precision : {Precision::f16, Precision::mixed}) {
      if (kernel.starts_with("broadcast") && precision == Precision::mixed) continue;
      for (const GridSize grid : {GridSize{2, 2}, GridSize{5, 4}, GridSize{19, 1}}) {
        for (const std::uint32_t length : {1U, 6U, 33U}) (void)run(kernel, grid, length, precision);
      }
    }
  }
}

std::uint16_t half_of(const std::vector<std::uint32_t>& words, std::uint32_t k) {
  return static_cast<std::uint16_t>(words[k / 2] >> (k % 2 * 16));
}

TEST(Fp16Chain, RoundsAtEveryAdditionFromTheFarEndOn) {
  constexpr std::uint32_t kPes = 9;
  constexpr std::uint32_t kLength = 7;
  const Ran ran = run("reduce.chain", {kPes, 1}, kLength, Precision::f16);
  const auto sums = ran.collective.expected({0, 0});
  for (std::uint32_t k = 0; k < kLength; ++k) {
    std::uint16_t sum = half_of(ran.collective.initial({kPes - 1, 0}), k);
    for (std::uint32_t x = kPes - 1; x-- > 0;) {
      sum = f32_to_f16(f16_to_f32(half_of(ran.collective.initial({x, 0}), k)) + f16_to_f32(sum));
    }
    EXPECT_EQ(half_of(sums, k), sum) << k;
  }
  EXPECT_EQ(sums.back() >> 16U, 0U);  // the odd one's partner
}

TEST(MixedChain, AddsTheWidenedElementsInFp32) {
  const Ran ran = run("reduce.chain", {3, 1}, 5, Precision::mixed);
  const auto sums = ran.collective.expected({0, 0});
  for (std::uint32_t k = 0; k < 5; ++k) {
    const auto own = [&](std::uint32_t x) { return f16_to_f32(half_of(ran.collective.initial({x, 0}), k)); };
    EXPECT_EQ(std::bit_cast<float>(sums[k]), own(0) + (own(1) + own(2)));
  }
}

TEST(Fp16, TakesTheCyclesAndLandingsOfHalfTheWavelets) {
  for (const char* kernel : {"broadcast", "reduce.chain", "reduce.two_phase", "allreduce.ring"}) {
    const Ran half = run(kernel, {16, 1}, 63, Precision::f16);
    const Ran whole = run(kernel, {16, 1}, 32);
    EXPECT_EQ(half.result.cycles, whole.result.cycles) << kernel;
    EXPECT_EQ(half.result.counts.landings(), whole.result.counts.landings()) << kernel;
  }
}

TEST(Mixed, WidensFirstTwoElementsACycle) {
  // Start-up 6, and 10 elements in 5 beats, at every PE at once.
  EXPECT_EQ(run("reduce.chain", {8, 1}, 10, Precision::mixed).result.cycles,
            run("reduce.chain", {8, 1}, 10).result.cycles + 6 + 5);
}

TEST(ClosedForms, EqualTheEngineInFp16AndMixed) {
  for (const Precision precision : {Precision::f16, Precision::mixed}) {
    for (const char* kernel :
         {"reduce.chain", "reduce.star.2d", "allreduce.two_phase", "reduce.chain.snake"}) {
      const Ran ran = run(kernel, {9, 3}, 21, precision);
      EXPECT_EQ(ran.result.cycles, ran.collective.closed_form) << kernel;
    }
  }
}

TEST(Collective, RefusesWhatCannotBe) {
  EXPECT_THROW((void)make_collective(
                   {.kernel = "broadcast", .grid = {4, 1}, .length = 4, .precision = Precision::mixed}),
               InputError);
  // 45,056 bytes: 22,528 FP16 elements.
  EXPECT_NO_THROW((void)make_collective(
      {.kernel = "broadcast", .grid = {4, 1}, .length = 22'528, .precision = Precision::f16}));
  EXPECT_THROW((void)make_collective(
                   {.kernel = "broadcast", .grid = {4, 1}, .length = 22'529, .precision = Precision::f16}),
               DoesNotFit);

  EXPECT_THROW((void)make_collective({.kernel = "reduce.trees", .grid = {4, 1}, .length = 4}), InputError);
  EXPECT_THROW((void)make_collective({.kernel = "reduce.tree", .grid = {1, 4}, .length = 1}), InputError);
  EXPECT_THROW((void)make_collective({.kernel = "reduce.tree", .grid = {4, 1}, .length = 0}), InputError);
  EXPECT_THROW((void)make_collective({.kernel = "reduce.tree", .grid = {4, 1}, .length = 100'000}),
               DoesNotFit);
}

}  // namespace
}  // namespace wafersim
