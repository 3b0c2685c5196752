// The gradient pass: right values by delta and by weight, grouped, ragged, sparse; and what it refuses.
#include <tuple>

#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/config/machine.hpp"
#include "wafersim/kernel/mesh/ws_gemm.hpp"

#include "support/source_dir.hpp"

namespace wafersim {
namespace {

constexpr GradientStyle kStyles[] = {GradientStyle::by_delta, GradientStyle::by_weight};
constexpr Arithmetic kArithmetics[] = {Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32};

std::shared_ptr<const MaskSample> pruned(std::uint64_t in, std::uint64_t out, std::uint64_t percent,
                                         MaskPattern pattern = {}) {
  return std::make_shared<MaskSample>(in, out, Fraction{percent * 10'000'000}, 3, pattern);
}

// Runs it, compares all values with the order of the programs' own sums, and whole numbers with a plain sum.
std::uint64_t run(const WsRequest& request) {
  const WsProgram program = make_ws_gemm(request);
  const auto engine = make_fast_engine(program.kernel.plan);
  const MeshKernelResult run = run_mesh_kernel(program.kernel, *engine);
  EXPECT_EQ(run.outcome.status, MeshStatus::finished);
  EXPECT_TRUE(run.values_match);
  if (!request.integers || !run.values_match) return run.cycles;
  for (std::uint32_t j = 0; j < request.out; ++j) {
    for (std::uint32_t i = 0; i < request.in; ++i) {
      if (request.mask != nullptr && request.mask->kept(j, i, i + 1) == 0) continue;
      double sum = 0;
      for (std::uint32_t token = 0; token < request.tokens; ++token)
        sum += double{ws_delta(request, token, j)} * double{ws_activation(request, token, i)};
      EXPECT_EQ(program.result(*engine, j, i), sum) << "output " << j << ", input " << i;
    }
  }
  return run.cycles;
}

TEST(WsGradient, IsExactInWholeNumbersOnEveryShape) {
  struct Shape {
    GridSize grid;
    std::uint32_t tokens, in, out, groups = 1;
  };
  // One PE; owners in all columns, in few, and in the last one; columns without features; ragged tokens.
  for (const Shape& s :
       {Shape{{1, 1}, 3, 4, 5}, Shape{{2, 1}, 4, 4, 4}, Shape{{3, 2}, 10, 7, 8}, Shape{{4, 3}, 25, 13, 9},
        Shape{{5, 2}, 7, 3, 2}, Shape{{6, 2}, 16, 6, 4, 2}, Shape{{7, 2}, 13, 9, 10, 3}}) {
    for (const Arithmetic arithmetic : kArithmetics) {
      for (const GradientStyle style : kStyles) {
        for (const WeightEntry entry : {WeightEntry::ports, WeightEntry::edge}) {
          WsRequest request{.kernel = "ws.gradient",
                            .grid = s.grid,
                            .tokens = s.tokens,
                            .in = s.in,
                            .out = s.out,
                            .groups = s.groups,
                            .arithmetic = arithmetic,
                            .integers = true,
                            .entry = entry,
                            .parameters = ws_parameters(),
                            .gradient = style};
          (void)run(request);
          request.mask = pruned(s.in, s.out, 60);
          (void)run(request);
        }
      }
    }
  }
}

TEST(WsGradient, RoundsAsItsOwnOrderOfAdditionsDoes) {
  for (const Arithmetic arithmetic : kArithmetics) {
    for (const GradientStyle style : kStyles) {
      (void)run({.kernel = "ws.gradient",
                 .grid = {5, 3},
                 .tokens = 31,
                 .in = 23,
                 .out = 17,
                 .arithmetic = arithmetic,
                 .gradient = style});
    }
  }
}

TEST(WsGradient, SendsNothingFromAColumnWithoutAWeight) {
  // 90 % of 2 x 8 positions on 4 columns of 2 features: some columns have none at all.
  const auto mask =
      std::make_shared<MaskSample>(8, 2,
                                   std::vector<bool>{false, true, false, false, false, false, false, false,
                                                     false, false, false, false, false, false, true, false});
  for (const WeightEntry entry : {WeightEntry::ports, WeightEntry::edge}) {
    (void)run({.kernel = "ws.gradient",
               .grid = {4, 2},
               .tokens = 8,
               .in = 8,
               .out = 2,
               .mask = mask,
               .integers = true,
               .entry = entry,
               .gradient = GradientStyle::by_weight});
  }
}

TEST(WsGradient, TakesFewerCyclesOfTheTwoWaysOnBothSidesOfTheChoice) {
  // Many tokens and few features: a dot product for each weight. Few tokens and many features: by delta.
  for (const auto& [tokens, in, wanted] :
       {std::tuple{64U, 8U, GradientStyle::by_weight}, std::tuple{2U, 64U, GradientStyle::by_delta}}) {
    WsRequest request{.kernel = "ws.gradient",
                      .grid = {8, 1},
                      .tokens = tokens,
                      .in = in,
                      .out = 32,
                      .parameters = ws_parameters()};
    EXPECT_EQ(gradient_style_of(request), wanted);
    const std::uint64_t chosen = run(request);
    for (const GradientStyle style : kStyles) {
      request.gradient = style;
      EXPECT_GE(run(request), chosen);
    }
  }
}

TEST(WsGradient, OfASparseMatrixIsFasterTheMoreIsPruned) {
  std::uint64_t before = ~0ULL;
  for (const std::uint64_t percent : {50, 75, 90}) {
    const std::uint64_t cycles = run({.kernel = "ws.gradient",
                                      .grid = {8, 1},
                                      .tokens = 32,
                                      .in = 64,
                                      .out = 64,
                                      .mask = pruned(64, 64, percent),
                                      .parameters = ws_parameters()});
    EXPECT_LT(cycles, before);
    before = cycles;
  }
}

TEST(WsMasks, OfEveryPatternGiveTheValuesOfTheMask) {
  for (const char* kernel : {"ws.forward", "ws.gradient"}) {
    for (const MaskPattern pattern : {MaskPattern{.block = 4}, MaskPattern{.of = 4, .keep = 2}}) {
      for (const std::uint32_t skip : {1U, 3U}) {
        (void)run({.kernel = kernel,
                   .grid = {4, 2},
                   .tokens = 12,
                   .in = 22,
                   .out = 9,
                   .mask = pruned(22, 9, 50, pattern),
                   .skip_block = skip});
      }
    }
  }
}

TEST(WsMasks, WhatCanOnlySkipBlocksComputesTheWholeOfAnyThatIsNotZero) {
  WsRequest request{.grid = {8, 1}, .tokens = 16, .in = 256, .out = 64, .mask = pruned(256, 64, 90)};
  const std::uint64_t by_weight = run(request);
  request.skip_block = 16;
  // Of 16 weights at 10 %, all are zero in 0.9^16 = 19 % of the blocks: 81 % is computed, 8 times as much.
  // But of the few a row also waits for its reduction and its fullest column.
  EXPECT_GT(run(request), 5 * by_weight);
  // A mask that comes in blocks of that size loses nothing.
  request.mask = pruned(256, 64, 90, {.block = 16});
  const std::uint64_t in_blocks = run(request);
  request.skip_block = 1;
  EXPECT_EQ(run(request), in_blocks);
}

// Of the closed form, in percent.
double error_of(const WsRequest& request) {
  const auto cycles = static_cast<double>(run(request));
  return 100 * (static_cast<double>(gradient_closed_form(request)) / cycles - 1);
}

TEST(WsGradient, ByWeightUsesTheDeltasThatWaitedForTheFirstIndex) {
  // The indices of the fourth group cross 24 columns and 24 rows, its deltas only its own 8 columns. Counting
  // one behind the other gave 748 for 670 cycles; this is 713 for 672, as the queues before the relay hold a
  // little more at the start than is counted.
  EXPECT_NEAR(error_of({.kernel = "ws.gradient",
                        .grid = {32, 1},
                        .tokens = 12,
                        .in = 37,
                        .out = 128,
                        .groups = 4,
                        .arithmetic = Arithmetic::fp16,
                        .mask = std::make_shared<MaskSample>(37, 128, Fraction{990'000'000}, 1),
                        .entry = WeightEntry::edge,
                        .parameters = ws_parameters(),
                        .gradient = GradientStyle::by_weight}),
              0, 7);
}

TEST(WsGradient, ByWeightAnOwnersTasksKeepItFromSendingEvenIfManyFeaturesHaveNoWeight) {
  // 0.6 weights of 35 beats and a copy of 17 make 38 beats an output feature in the mean, more than the 33 of
  // its deltas; without a weight it is 17. Forgetting what was left over gave 11,963 for 13,055 cycles.
  EXPECT_NEAR(error_of({.kernel = "ws.gradient",
                        .grid = {4, 1},
                        .tokens = 66,
                        .in = 240,
                        .out = 128,
                        .mask = std::make_shared<MaskSample>(240, 128, Fraction{990'000'000}, 1),
                        .entry = WeightEntry::edge,
                        .parameters = ws_parameters(),
                        .gradient = GradientStyle::by_weight}),
              0, 5);
}

TEST(WsSlowPe, HoldsUpTheWholeProductButNotItsValues) {
  for (const char* kernel : {"ws.forward", "ws.delta", "ws.gradient"}) {
    for (const GradientStyle style : kStyles) {
      WsRequest request{.kernel = kernel,
                        .grid = {4, 3},
                        .tokens = 12,
                        .in = 24,
                        .out = 16,
                        .parameters = ws_parameters(),
                        .gradient = style};
      const std::uint64_t before = run(request);
      request.slow = {.column = 1, .row = 2, .cycles = 100};
      // Each of the 16 output features starts at least one task on every PE, whatever the pass.
      EXPECT_GE(run(request), 16 * 100) << kernel;
      EXPECT_GT(run(request), before) << kernel;
    }
  }
}

TEST(WsSlowPe, IsRefusedOutsideThePesThatCompute) {
  WsRequest request{.grid = {7, 2}, .tokens = 8, .in = 8, .out = 8, .groups = 3};
  // Three groups of two columns: the seventh column is idle.
  request.slow = {.column = 5, .row = 1, .cycles = 1};
  EXPECT_NO_THROW((void)make_ws_gemm(request));
  request.slow = {.column = 6, .row = 1, .cycles = 1};
  EXPECT_THROW((void)make_ws_gemm(request), InputError);
  request.slow = {.column = 5, .row = 2, .cycles = 1};
  EXPECT_THROW((void)make_ws_gemm(request), InputError);
}

WsRequest with_zeros(std::uint32_t percent) {
  return {.kernel = "ws.gradient",
          .grid = {8, 4},
          .tokens = 128,
          .in = 128,
          .out = 64,
          .parameters = ws_parameters(),
          .zeros = Fraction{percent * 10'000'000ULL},
          .gradient = GradientStyle::by_delta};
}

TEST(WsGradient, IsExactWhereZeroDeltasAreFiltered) {
  for (const auto& [grid, tokens, in, out, groups] :
       {std::tuple<GridSize, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>{{1, 1}, 3, 4, 5, 1},
        {{3, 2}, 10, 7, 8, 1},
        {{4, 3}, 3, 13, 9, 1},  // a token a PE
        {{7, 2}, 13, 9, 10, 3}}) {
    for (const Arithmetic arithmetic : {Arithmetic::fp16, Arithmetic::mixed}) {
      for (const std::uint64_t percent : {0, 50, 90, 100}) {
        for (const WeightEntry entry : {WeightEntry::ports, WeightEntry::edge}) {
          (void)run({.kernel = "ws.gradient",
                     .grid = grid,
                     .tokens = tokens,
                     .in = in,
                     .out = out,
                     .groups = groups,
                     .arithmetic = arithmetic,
                     .integers = true,
                     .entry = entry,
                     .parameters = ws_parameters(),
                     .zeros = Fraction{percent * 10'000'000},
                     .gradient = GradientStyle::by_delta});
        }
      }
    }
  }
}

TEST(WsGradient, FilteredZerosCostNoProducts) {
  std::uint64_t before = run(with_zeros(0));
  const std::uint64_t none = before;
  for (const std::uint32_t percent : {25, 50, 75, 90}) {
    const std::uint64_t cycles = run(with_zeros(percent));
    EXPECT_LT(cycles, before) << percent;
    before = cycles;
  }
  // 32 tokens a PE, 8 beats for 16 features, 1 to issue and 1 to dispatch: 10 cycles a delta. Of an output
  // feature 32 of them, or about 4 + 1 that ends it; then 2 more dispatches, the commit, and 9 to clear.
  EXPECT_NEAR(static_cast<double>(none) / static_cast<double>(before), (320.0 + 12) / (50 + 12), 1.5);
}

TEST(WsGradient, FilteringTakesAtLeastTheReadingOfAllDeltas) {
  // A relay reads a delta a cycle, sent or not: 32 tokens of 64 output features.
  EXPECT_GE(run(with_zeros(100)), 32U * 64);
}

TEST(WsGradient, IndexedDeltasCostAWaveletEach) {
  WsRequest dense = with_zeros(0);
  dense.zeros.reset();  // two a wavelet
  const std::uint64_t packed = run(dense);
  const std::uint64_t indexed = run(with_zeros(0));
  // Packed, 16 of 32 deltas need no task of their own, which takes a cycle to dispatch; and their owner sends
  // 16 wavelets less, each a beat that its products may have to wait for.
  EXPECT_GE(indexed - packed, 64U * 16);
  EXPECT_LE(indexed - packed, 64U * 32);
}

TEST(WsGradient, TheClosedFormFollowsTheFilter) {
  // Of a fourfold span of cycles. It is too slow by up to a ninth where an owner's products, few by then, and
  // its sends rarely meet.
  for (const std::uint32_t percent : {0, 75, 95}) {
    for (const std::uint32_t groups : {1, 2}) {
      WsRequest request = with_zeros(percent);
      request.groups = groups;
      const auto flow = static_cast<double>(gradient_closed_form(request));
      const double ratio = flow / static_cast<double>(run(request));
      EXPECT_GT(ratio, 0.98) << percent << " % in " << groups << " groups";
      EXPECT_LT(ratio, 1.12) << percent << " % in " << groups << " groups";
    }
  }
}

// As a training step has it: zeros drawn by their share alone, not those of the program's own deltas.
TEST(WsGradient, TheClosedFormOfDrawnZerosFollowsTheProgram) {
  const std::vector<Override> grid{{"wafer.grid", "8x4"}};
  const WaferSpec wafer = load_machine(test::source_dir() / "configs/machine/cs2.yaml", grid).wafer;
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{8, 4}, {1, 1}, 128}};
  for (const std::uint32_t percent : {25, 50, 75, 95}) {
    const WsRequest request = with_zeros(percent);
    const MatrixShape shape{
        .in = 128, .out = 64, .kept = 128 * 64, .zeros = {.share = *request.zeros, .seed = 1}};
    const std::uint64_t flow = gradient_time_filtered(c, shape).total +
                               gradient_tail(c, shape, GradientStyle::by_delta) + 1 +
                               wafer.fabric.ramp_latency;
    const double ratio = static_cast<double>(flow) / static_cast<double>(run(request));
    EXPECT_GT(ratio, 0.96) << percent;
    EXPECT_LT(ratio, 1.14) << percent;  // what the filter's closed form is off, and other zeros
  }
}

TEST(WsGradient, RefusesFiltersWhereNothingThatIsZeroIsSent) {
  WsRequest request = with_zeros(50);
  request.kernel = "ws.forward";
  EXPECT_THROW((void)make_ws_gemm(request), InputError);
  request = with_zeros(50);
  request.gradient = GradientStyle::by_weight;
  EXPECT_THROW((void)make_ws_gemm(request), InputError);
  request.gradient.reset();  // then by delta
  EXPECT_NO_THROW((void)make_ws_gemm(request));
  request.arithmetic = Arithmetic::fp32;
  EXPECT_THROW((void)make_ws_gemm(request), InputError);
}

// The forward and delta passes, whose activations stay, and a gradient by weight, which takes all tokens at
// once.
TEST(WsDeviation, ZerosThatDoNotTravelOneByOneCostAsMuchAsOthers) {
  for (const char* kernel : {"ws.forward", "ws.gradient"}) {
    const MeshKernel it = make_ws_gemm({.kernel = kernel,
                                        .grid = {4, 3},
                                        .tokens = 12,
                                        .in = 24,
                                        .out = 16,
                                        .parameters = ws_parameters(),
                                        .gradient = GradientStyle::by_weight})
                              .kernel;
    const auto engine = make_fast_engine(it.plan);
    const auto zeros = make_fast_engine(it.plan);
    it.load(*engine);
    it.load(*zeros);
    // Row 0 plays the ports of the weights; of a gradient, of the indices.
    const std::uint32_t first = it.plan.program_at({0, 0}).stands_in ? 1 : 0;
    for (std::uint32_t x = 0; x < 4; ++x) {
      for (std::uint32_t y = first; y < first + 3; ++y) {
        const std::uint32_t words = it.plan.program_at({x, y}).memory_bytes / 4;
        zeros->write_memory({x, y}, 0, std::vector<std::uint32_t>(words));
      }
    }
    EXPECT_EQ(zeros->run(), engine->run()) << kernel;
    EXPECT_EQ(zeros->counts(), engine->counts()) << kernel;
  }
}

TEST(WsGradient, RefusesWhatCannotRun) {
  const WsRequest good{.kernel = "ws.gradient", .grid = {4, 1}, .tokens = 8, .in = 8, .out = 8};
  EXPECT_NO_THROW((void)make_ws_gemm(good));
  WsRequest large = good;
  large.tokens = 4'000;
  EXPECT_THROW((void)make_ws_gemm(large), DoesNotFit);
  WsRequest groups = good;
  groups.groups = 5;
  EXPECT_THROW((void)make_ws_gemm(groups), InputError);
  WsRequest mask = good;
  mask.mask = pruned(8, 9, 50);
  EXPECT_THROW((void)make_ws_gemm(mask), InputError);
  WsRequest skip = good;
  skip.skip_block = 0;
  EXPECT_THROW((void)make_ws_gemm(skip), InputError);
}

}  // namespace
}  // namespace wafersim
