// Gradients by delta whose relays filter zeros that are drawn.
#include <gtest/gtest.h>

#include "wafersim/kernel/ws_flow.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

// Two mixed FMACs a cycle, 2 cycles beside each wavelet, dispatch 4, ramp 2, hop 1.
WaferSpec small_wafer(const char* grid) {
  WaferSpec wafer = test::machine("cs2", {{"wafer.grid", grid}}).wafer;
  wafer.pe.wavelet_overhead = 2;
  wafer.pe.task_dispatch = 4;
  wafer.pe.instruction_startup = 6;
  return wafer;
}

MatrixShape dense(std::uint64_t in, std::uint64_t out, double zeros) {
  return {.in = in,
          .out = out,
          .kept = in * out,
          .zeros = {.share = {static_cast<std::uint64_t>(zeros * Fraction::kOne)}, .seed = 1}};
}

TEST(FilteredGradient, OfOneDeltaByHand) {
  const WaferSpec wafer = small_wafer("4x2");
  // 64 inputs on 4 columns: 16 features a PE, 8 cycles. 16 tokens on 2 rows: 8 a PE. So rare are other deltas
  // here that only the last of each output feature passes.
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, 16}};
  const RowTime time = gradient_time_filtered(c, dense(64, 300, 0.999999999));
  // Its task: 1 of dispatch after itself, 1 + 8 for the row, 1 for the commit, 1 + 8 to clear the next one.
  // Beside it 16 sums go on and, from the owner, 8 deltas go out: 1 + 2 + 1 of these 24 beats find the
  // datapath free, the others cost a cycle each.
  EXPECT_EQ(wafer.pe.accumulators, 8U);
  const std::uint64_t each = (1 + 9 + 1 + 9) + (24 - 4);
  // The relay waits for 18 cycles, tells the next one to begin (6 + 1) and starts (6); out and in over two
  // ramps with a cycle between, 5 hops.
  EXPECT_EQ(time.total, 300 * each + 18 + 7 + 6 + 5 + 5);
  EXPECT_EQ(time.products, 300U * 20);
}

TEST(FilteredGradient, WithoutZerosIsTheUnfilteredOne) {
  const WaferSpec wafer = small_wafer("8x4");
  for (const Arithmetic arithmetic : {Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32}) {
    const FlowContext c{.wafer = wafer, .arithmetic = arithmetic, .layout = {{8, 4}, {1, 1}, 128}};
    EXPECT_EQ(linear_gradient(c, dense(128, 64, 0)).saved, Cycles{});
    // One in a thousand is worth no index.
    EXPECT_EQ(linear_gradient(c, dense(128, 64, 0.001)).total(),
              linear_gradient(c, dense(128, 64, 0)).total());
  }
}

TEST(FilteredGradient, IsNeverSlowerWithMoreZeros) {
  struct Case {
    const char* grid;
    GridSize size;
    std::uint64_t groups, tokens, in, out;
  };
  for (const Case& it : {Case{"8x4", {8, 4}, 1, 128, 128, 64}, Case{"8x4", {8, 4}, 2, 500, 90, 300},
                         Case{"12x3", {12, 3}, 3, 27, 400, 40}, Case{"5x2", {5, 2}, 1, 2, 17, 3}}) {
    const WaferSpec wafer = small_wafer(it.grid);
    for (const Arithmetic arithmetic : {Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32}) {
      const FlowContext c{.wafer = wafer,
                          .arithmetic = arithmetic,
                          .layout = {it.size, {.groups = it.groups, .bands = 1}, it.tokens}};
      FlowContext bound = c;
      bound.estimate = Estimate::at_least;
      Cycles before = Cycles::max();
      const Cycles none = linear_gradient(c, dense(it.in, it.out, 0)).total();
      for (const double zeros : {0.0, 0.1, 0.3, 0.45, 0.5, 0.55, 0.7, 0.9, 0.99}) {
        const KernelCost cost = linear_gradient(c, dense(it.in, it.out, zeros));
        EXPECT_LE(cost.total(), before) << it.grid << " " << zeros;
        EXPECT_EQ(cost.total() + cost.saved, none) << it.grid << " " << zeros;
        EXPECT_LE(linear_gradient(bound, dense(it.in, it.out, zeros)).total(), cost.busy());
        if (arithmetic == Arithmetic::fp32) {
          EXPECT_EQ(cost.saved, Cycles{});  // no room for an index
        }
        before = cost.total();
      }
    }
  }
}

TEST(FilteredGradient, SparesTheShareOfItsProducts) {
  const WaferSpec wafer = small_wafer("8x4");
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{8, 4}, {1, 1}, 128}};
  const KernelCost cost = linear_gradient(c, dense(128, 64, 0.75));
  EXPECT_GT(cost.saved, Cycles{});
  EXPECT_EQ(cost.fmacs, 128U * 128 * 64);  // as the model counts them
  EXPECT_EQ(cost.fmacs_filtered, cost.fmacs / 4 * 3);
  EXPECT_LT(cost.wavelet_hops, linear_gradient(c, dense(128, 64, 0)).wavelet_hops);
}

}  // namespace
}  // namespace wafersim
