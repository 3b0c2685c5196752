// The weight-streaming products: right values on ragged, grouped, dense and sparse shapes.
#include "wafersim/kernel/mesh/ws_gemm.hpp"

#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/kernel/mesh/ws_ladder.hpp"

namespace wafersim {
namespace {

struct Shape {
  GridSize grid;
  std::uint32_t tokens, in, out, groups = 1;
};

std::uint64_t run(const WsRequest& request) {
  const WsProgram program = make_ws_gemm(request);
  const auto engine = make_fast_engine(program.kernel.plan);
  const MeshKernelResult run = run_mesh_kernel(program.kernel, *engine);
  EXPECT_EQ(run.outcome.status, MeshStatus::finished);
  EXPECT_TRUE(run.values_match);
  if (request.integers) {
    for (std::uint32_t token = 0; token < request.tokens; ++token) {
      for (std::uint32_t j = 0; j < request.out; ++j) {
        double sum = 0;
        for (std::uint32_t i = 0; i < request.in; ++i) {
          if (request.mask == nullptr || request.mask->kept(j, i, i + 1) != 0)
            sum += double{ws_activation(request, token, i)} * double{ws_weight(request, j, i)};
        }
        EXPECT_EQ(program.result(*engine, token, j), sum) << "token " << token << ", feature " << j;
      }
    }
  }
  return run.cycles;
}

TEST(WsForward, IsExactInWholeNumbersOnEveryShape) {
  for (const Shape& s :
       {Shape{{1, 1}, 3, 4, 5}, Shape{{2, 1}, 4, 4, 4}, Shape{{3, 2}, 10, 7, 8}, Shape{{4, 3}, 25, 13, 9},
        Shape{{5, 2}, 7, 3, 11}, Shape{{6, 2}, 16, 6, 4, 2}, Shape{{7, 2}, 13, 9, 10, 3}}) {
    for (const Arithmetic arithmetic : {Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32}) {
      WsRequest request{.grid = s.grid,
                        .tokens = s.tokens,
                        .in = s.in,
                        .out = s.out,
                        .groups = s.groups,
                        .arithmetic = arithmetic,
                        .integers = true,
                        .parameters = ws_parameters()};
      (void)run(request);
      if (arithmetic == Arithmetic::fp32) continue;
      request.mask = std::make_shared<MaskSample>(s.in, s.out, Fraction{600'000'000}, 3);
      (void)run(request);
    }
  }
}

TEST(WsForward, RoundsAsItsOwnOrderOfAdditionsDoes) {
  for (const Arithmetic arithmetic : {Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32}) {
    (void)run({.grid = {5, 2}, .tokens = 21, .in = 23, .out = 17, .arithmetic = arithmetic});
  }
}

TEST(WsForward, WeightsThatCrossFromTheEdgeGiveTheSameValues) {
  const auto mask = std::make_shared<MaskSample>(26, 19, Fraction{750'000'000}, 5);
  WsRequest request{
      .grid = {8, 3}, .tokens = 30, .in = 26, .out = 19, .groups = 2, .mask = mask, .integers = true};
  request.entry = WeightEntry::edge;
  (void)run(request);
}

TEST(WsForward, EachRowDoesWhatTheRowAboveDidOneCycleBefore) {
  // What running a few rows of a wafer rests on. Where a weight has lost the ramp in one row it reaches the
  // next row that much later, and finds the ramp free; all else goes on alike, because a router remembers
  // only who has fired.
  constexpr std::uint32_t kRows = 7;
  WsRequest request{.grid = {12, 1}, .tokens = 9, .in = 60, .out = 40};
  request.mask = std::make_shared<MaskSample>(60, 40, Fraction{800'000'000}, 2);
  const std::uint64_t one = run(request);
  request.grid.rows = kRows;
  request.tokens *= kRows;
  const WsProgram program = make_ws_gemm(request);
  const auto engine = make_fast_engine(program.kernel.plan);
  EXPECT_EQ(run_mesh_kernel(program.kernel, *engine).cycles, one + kRows - 1);
  for (std::uint32_t y = 2; y <= kRows; ++y) {  // row 0 plays the ports
    for (std::uint32_t x = 0; x < 12; ++x) {
      PeActivity above = engine->activity({x, y - 1});
      ++above.last_end;
      EXPECT_EQ(engine->activity({x, y}), above) << x << "," << y;
    }
  }
}

TEST(WsForward, RefusesWhatCannotRun) {
  const WsRequest good{.grid = {4, 1}, .tokens = 8, .in = 8, .out = 8};
  WsRequest large = good;
  large.tokens = 4'000;
  EXPECT_THROW((void)make_ws_gemm(large), DoesNotFit);
  WsRequest groups = good;
  groups.groups = 5;
  EXPECT_THROW((void)make_ws_gemm(groups), InputError);
  WsRequest mask = good;
  mask.mask = std::make_shared<MaskSample>(9, 8, Fraction{500'000'000}, 1);
  EXPECT_THROW((void)make_ws_gemm(mask), InputError);
  WsRequest indexed = good;
  indexed.mask = std::make_shared<MaskSample>(8, 8, Fraction{500'000'000}, 1);
  indexed.arithmetic = Arithmetic::fp32;
  EXPECT_THROW((void)make_ws_gemm(indexed), InputError);
}

TEST(Ladder, TheClosedFormKeepsToTheProgramOnTheQuickSet) {
  const LadderSummary summary = summarize(run_ladder(LadderSet::quick));
  EXPECT_TRUE(summary.values_match);
  EXPECT_LE(summary.median, kLadderMedian);
  EXPECT_LE(summary.worst, kLadderWorst);
  EXPECT_LE(summary.worst_long, kLadderWorstLong);
}

}  // namespace
}  // namespace wafersim
