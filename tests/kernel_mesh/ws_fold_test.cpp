// Weight-streaming products on few rows that stand for all: exactly what every row would have done.
#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/ws_gemm.hpp"
#include "wafersim/mesh/fold.hpp"

namespace wafersim {
namespace {

// Cycles, counts, and the activity and state of each PE. Returns how many rows were run.
std::uint64_t expect_the_same(const MeshKernel& kernel, const std::string& what) {
  SCOPED_TRACE(what);
  const auto whole = make_fast_engine(kernel.plan);
  const auto folded = make_folded_engine(kernel.plan);
  kernel.load(*whole);
  kernel.load(*folded);
  EXPECT_EQ(folded->run(), whole->run());
  EXPECT_EQ(folded->counts(), whole->counts());
  for (std::uint32_t y = 0; y < kernel.plan.grid.rows; ++y) {
    for (std::uint32_t x = 0; x < kernel.plan.grid.columns; ++x) {
      EXPECT_EQ(folded->activity({x, y}), whole->activity({x, y})) << x << "," << y;
      EXPECT_EQ(folded->state({x, y}), whole->state({x, y})) << x << "," << y;
    }
  }
  return folded->rows_run();
}

TEST(FoldedWeightStreaming, EqualsTheWholeGridOnEveryShape) {
  for (const Arithmetic arithmetic : {Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32}) {
    for (const std::uint64_t sparsity : {0, 50, 90}) {
      if (arithmetic == Arithmetic::fp32 && sparsity != 0) continue;
      for (const std::uint32_t groups : {1, 3}) {
        for (const std::uint32_t tokens : {30 * groups, 75 * groups - 7}) {  // 2, and 5 with a ragged end
          WsRequest request{.grid = {6, 15},
                            .tokens = tokens,
                            .in = 23,
                            .out = 17,
                            .groups = groups,
                            .arithmetic = arithmetic,
                            .parameters = ws_parameters()};
          if (sparsity != 0)
            request.mask = std::make_shared<MaskSample>(23, 17, Fraction{sparsity * 10'000'000}, 4);
          const std::uint64_t rows =
              expect_the_same(make_ws_gemm(request).kernel, "sparsity " + std::to_string(sparsity) +
                                                                ", groups " + std::to_string(groups) +
                                                                ", tokens " + std::to_string(tokens));
          // 16 rows: the ports, 14 equal ones, of which 2 run, and the last.
          EXPECT_EQ(rows, 4U);
        }
      }
    }
  }
}

TEST(FoldedWeightStreaming, FoldsWhatTheEdgeFeeds) {
  WsRequest request{.grid = {6, 20}, .tokens = 60, .in = 23, .out = 17, .parameters = ws_parameters()};
  request.entry = WeightEntry::edge;
  // 6 rows in which weights cross, 8 at the top and 2 at the bottom of 19 equal ones, and the last: the first
  // weights are there before the first rows have started, so that 2 or 4 rows prove nothing.
  EXPECT_EQ(expect_the_same(make_ws_gemm(request).kernel, "edge"), 6U + 8U + 2U + 1U);
}

TEST(FoldedWeightStreaming, SeesOneSlowPeAtTheTopInTheMiddleAndAtTheBottom) {
  WsRequest request{.grid = {6, 24}, .tokens = 48, .in = 23, .out = 17, .parameters = ws_parameters()};
  request.mask = std::make_shared<MaskSample>(23, 17, Fraction{500'000'000}, 4);
  for (const std::uint32_t cycles : {1, 30}) {
    for (const std::uint32_t row : {0, 1, 11, 22, 23}) {
      request.slow = {.column = 3, .row = row, .cycles = cycles};
      const std::uint64_t rows =
          expect_the_same(make_ws_gemm(request).kernel,
                          std::to_string(cycles) + " cycles slower in row " + std::to_string(row));
      if (row == 0) {
        EXPECT_EQ(rows, 5U) << "the ports, the slow row, 2 of the 22 equal ones below it, and the last";
      }
    }
  }
}

TEST(FoldedWeightStreaming, KeepsTheValuesOfTheRowsAboveThoseLeftOut) {
  const WsRequest request{.grid = {6, 15}, .tokens = 60, .in = 23, .out = 17, .parameters = ws_parameters()};
  const WsProgram program = make_ws_gemm(request);
  const auto folded = make_folded_engine(program.kernel.plan);
  const MeshKernelResult result = run_mesh_kernel(program.kernel, *folded);
  EXPECT_TRUE(result.values_match);
  EXPECT_TRUE(folded->keeps_values({0, 2}));
  EXPECT_FALSE(folded->keeps_values({0, 3}));
}

TEST(FoldedWeightStreaming, OfTheDeltaPassEqualsTheWholeGrid) {
  for (const WeightEntry entry : {WeightEntry::ports, WeightEntry::edge}) {
    WsRequest request{.kernel = "ws.delta",
                      .grid = {6, 24},
                      .tokens = 48,
                      .in = 17,
                      .out = 23,
                      .entry = entry,
                      .parameters = ws_parameters()};
    const MeshKernel kernel = make_ws_gemm(request).kernel;
    EXPECT_LT(expect_the_same(kernel, "all alike"), kernel.plan.grid.rows);
    request.slow = {.column = 3, .row = 14, .cycles = 30};
    (void)expect_the_same(make_ws_gemm(request).kernel, "one PE is slow");
  }
}

TEST(FoldedWeightStreaming, OfTheGradientEqualsTheWholeGridWithOneSlowPeToo) {
  for (const GradientStyle style : {GradientStyle::by_delta, GradientStyle::by_weight}) {
    for (const WeightEntry entry : {WeightEntry::ports, WeightEntry::edge}) {
      for (const std::uint32_t groups : {1, 2}) {
        WsRequest request{.kernel = "ws.gradient",
                          .grid = {6, 24},
                          .tokens = 48 * groups,
                          .in = 23,
                          .out = 17,
                          .groups = groups,
                          .entry = entry,
                          .parameters = ws_parameters(),
                          .gradient = style};
        if (style == GradientStyle::by_weight)
          request.mask = std::make_shared<MaskSample>(23, 17, Fraction{500'000'000}, 4);
        (void)expect_the_same(make_ws_gemm(request).kernel, "all alike");
        request.slow = {.column = 2, .row = 12, .cycles = 30};
        (void)expect_the_same(make_ws_gemm(request).kernel, "one PE is slow");
      }
    }
  }
}

TEST(FoldedWeightStreaming, OfTheGradientByDeltaRunsFewRows) {
  // 60 rows: the first, 4 of 58 that are alike by twos, the last, and the ports. With two groups, 8 rows of
  // exits lie there instead.
  WsRequest request{.kernel = "ws.gradient",
                    .grid = {8, 60},
                    .tokens = 480,
                    .in = 64,
                    .out = 40,
                    .parameters = ws_parameters(),
                    .gradient = GradientStyle::by_delta};
  EXPECT_EQ(expect_the_same(make_ws_gemm(request).kernel, "one group"), 1U + 4U + 1U + 1U);
  request.grid = {16, 60};
  request.tokens = 960;
  request.groups = 2;
  EXPECT_EQ(expect_the_same(make_ws_gemm(request).kernel, "two groups"), 1U + 4U + 1U + 8U);
}

TEST(FoldedWeightStreaming, OfTheGradientByWeightFoldsWhatGoesDownAtTwoSpeeds) {
  // Indices go down a row a cycle and fill the queues; when the rows are at rest again, deltas and sums
  // follow at their own speed.
  const WsRequest request{.kernel = "ws.gradient",
                          .grid = {6, 150},
                          .tokens = 3'000,
                          .in = 24,
                          .out = 12,
                          .parameters = ws_parameters(),
                          .gradient = GradientStyle::by_weight};
  EXPECT_LT(expect_the_same(make_ws_gemm(request).kernel, "by weight"), 30U);
}

TEST(FoldedWeightStreaming, CostsAHundredthOnAColumnOfAWaferInTheGradient) {
  // 996 rows and the ports below, of which 7 run.
  const WsRequest request{.kernel = "ws.gradient",
                          .grid = {4, 996},
                          .tokens = 1'992,
                          .in = 8,
                          .out = 4,
                          .parameters = ws_parameters(),
                          .gradient = GradientStyle::by_delta};
  EXPECT_EQ(expect_the_same(make_ws_gemm(request).kernel, "996 rows"), 7U);
}

TEST(FoldedWeightStreaming, CostsAHundredthOnARowOfAWafer) {
  // All 996 rows; few columns, as columns are not folded. 997 rows with the ports, of which 4 run.
  const WsRequest request{.grid = {4, 996}, .tokens = 996, .in = 8, .out = 6, .parameters = ws_parameters()};
  EXPECT_EQ(expect_the_same(make_ws_gemm(request).kernel, "996 rows"), 4U);
}

}  // namespace
}  // namespace wafersim
