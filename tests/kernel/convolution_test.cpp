// Closed forms of convolutions and their company, checked by hand and against the linear layer they
// generalise.
#include <gtest/gtest.h>

#include "wafersim/kernel/flow.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

using namespace literals;

WaferSpec wafer(const std::string& grid) {
  return test::machine("cs2", {{"wafer.grid", grid}}).wafer;
}

ConvolutionTask task_of(std::uint64_t in, std::uint64_t out, std::uint64_t side, std::uint64_t window,
                        std::uint64_t images) {
  ConvolutionTask task;
  task.in = in;
  task.out = out;
  task.image = task.result = {.width = side, .height = side};
  task.kernel = task.reach = {.width = window, .height = window};
  task.stride = {.width = 1, .height = 1};
  task.kept = in * out * window * window;
  task.images = images;
  return task;
}

FlowContext context(const WaferSpec& spec, Mapping mapping, std::uint64_t positions) {
  return {.wafer = spec, .arithmetic = Arithmetic::mixed, .layout = {spec.grid, mapping, positions}};
}

TEST(Convolution, OfOneTapIsTheLinearLayer) {
  // As many channels as columns: no channel is shared, and nothing is fetched from neighbours.
  const WaferSpec spec = wafer("16x10");
  const FlowContext c = context(spec, {}, 4 * 25);
  const ConvolutionTask task = task_of(32, 24, 5, 1, 4);
  const MatrixShape shape{.in = 32, .out = 24, .kept = 32 * 24};
  const KernelCost ours = convolution_forward(c, task);
  const KernelCost theirs = linear_forward(c, shape);
  EXPECT_EQ(ours.compute, theirs.compute);
  EXPECT_EQ(ours.fabric, theirs.fabric);
  EXPECT_EQ(ours.fill, theirs.fill);
  EXPECT_EQ(ours.fmacs, theirs.fmacs);
  EXPECT_EQ(ours.wavelet_hops, theirs.wavelet_hops);
}

TEST(Convolution, ByHandOnASmallGrid) {
  // 4 columns x 10 rows, one image of 10x10, so a row of the image on each PE: t = 10. 8 channels: 2 a
  // column.
  const WaferSpec spec = wafer("4x10");
  const KernelCost cost = convolution_forward(context(spec, {}, 100), task_of(8, 6, 10, 3, 1));
  // 2 channels · 9 taps · 6 outputs = 108 weights, each vec(10) = 5 cycles; 54 wavelets with their overhead.
  EXPECT_EQ(cost.compute, Cycles{108 * 5 + 54 * spec.pe.wavelet_overhead});
  // 6 outputs of 10 FP32 sums go along the row. A PE needs up to 9 taps of each output: of the at most two
  // rows that 10 positions touch, 4 rows of 10, of which it has 10; 30 more of 2 channels, two in a wavelet.
  EXPECT_EQ(cost.fabric, Cycles{6 * (10 + spec.pe.task_dispatch) + 30});
  EXPECT_EQ(cost.fmacs, 8U * 6 * 9 * 100);
}

TEST(Convolution, DepthwiseAddsNothingUpAlongTheRow) {
  const WaferSpec spec = wafer("16x10");
  ConvolutionTask task = task_of(32, 32, 10, 3, 1);
  task.groups = 32;
  task.kept = 32 * 9;
  const KernelCost depthwise = convolution_forward(context(spec, {}, 100), task);
  // 2 channels a column, 9 taps, one output each: 18 weights, where the dense one has 2 · 9 · 32.
  EXPECT_EQ(depthwise.compute, Cycles{18 * 5 + 9 * spec.pe.wavelet_overhead});
  const KernelCost dense = convolution_forward(context(spec, {}, 100), task_of(32, 32, 10, 3, 1));
  // What is left of the fabric is what neighbours hand over: the same for both.
  EXPECT_EQ(dense.fabric - depthwise.fabric, Cycles{32 * (10 + spec.pe.task_dispatch)});
  EXPECT_EQ(depthwise.fmacs * 32, dense.fmacs);
}

TEST(Convolution, GroupsAddUpOverTheirOwnColumnsAtTheSameTime) {
  // 32 channels on 16 columns in 4 groups: 8 channels or 4 columns each, 2 of its 8 outputs for each channel.
  const WaferSpec spec = wafer("16x10");
  ConvolutionTask task = task_of(32, 8, 10, 1, 1);
  task.groups = 4;
  task.kept = 32 * 8 / 4;
  const KernelCost cost = convolution_forward(context(spec, {}, 100), task);
  EXPECT_EQ(cost.compute, Cycles{2 * 2 * 5 + 2 * spec.pe.wavelet_overhead});
  EXPECT_EQ(cost.fabric, Cycles{2 * (10 + spec.pe.task_dispatch)});
}

TEST(Convolution, FewChannelsAreSharedByColumnsAndLeaveSomeIdle) {
  // 3 channels on 16 columns: 5 columns a channel, each with 2 of its 9 taps.
  const WaferSpec spec = wafer("16x10");
  const ConvolutionTask task = task_of(3, 8, 10, 3, 1);
  const FlowContext c = context(spec, {}, 100);
  EXPECT_EQ(convolution_columns(c.layout, task), 15U);
  EXPECT_EQ(convolution_forward(c, task).compute, Cycles{2 * 8 * 5 + 8 * spec.pe.wavelet_overhead});
  // One tap cannot be shared.
  EXPECT_EQ(convolution_columns(c.layout, task_of(3, 8, 10, 1, 1)), 3U);
}

TEST(Convolution, WorkIsTheSameInEveryPass) {
  const WaferSpec spec = wafer("16x10");
  const FlowContext c = context(spec, {.groups = 2, .bands = 1}, 700);
  const ConvolutionTask task = task_of(24, 40, 10, 3, 7);
  EXPECT_EQ(convolution_forward(c, task).fmacs, 24U * 40 * 9 * 700);
  EXPECT_EQ(convolution_delta(c, task).fmacs, 24U * 40 * 9 * 700);
  EXPECT_EQ(convolution_gradient(c, task).fmacs, 24U * 40 * 9 * 700);
}

TEST(Pool, OverAWholeImageAddsUpOverItsPes) {
  // 100 positions on 10 PEs; 16 columns of 2 channels: two FP32 sums down a chain of 10.
  const WaferSpec spec = wafer("16x10");
  ConvolutionTask task = task_of(32, 32, 10, 10, 1);
  task.result = {.width = 1, .height = 1};
  const KernelCost cost = pool_forward(context(spec, {}, 1), task);
  EXPECT_EQ(cost.fabric, Cycles{2 + spec.pe.task_dispatch});
  EXPECT_EQ(cost.fill, Cycles{9 * (2 * spec.fabric.ramp_latency + spec.fabric.hop_latency + 1)});
}

TEST(BatchNorm, AddsUpOverAllPositionsOfTheBatch) {
  const WaferSpec spec = wafer("16x10");
  const KernelCost one_group = batch_norm_forward(context(spec, {}, 100), 32);
  const KernelCost two_groups = batch_norm_forward(context(spec, {.groups = 2, .bands = 1}, 100), 16);
  // Two sums of two features over 10 PEs of a column and back: 4 + 6·9 + 4 + 10 + 4 cycles on CS-2.
  EXPECT_EQ(one_group.fabric, 76_cyc);
  // The same over the column, then over the two groups: 4 + 6 + 4 + 2 + 4 more.
  EXPECT_EQ(two_groups.fabric, 96_cyc);
}

TEST(GroupNorm, AddsUpOverAnImageAndOverTheColumnsOfAGroup) {
  // 32 channels on 16 columns, 2 on each; an image of 100 positions on the 10 PEs of a column.
  const WaferSpec spec = wafer("16x10");
  const FlowContext c = context(spec, {}, 100);
  const auto forward = [&](std::uint64_t groups) { return image_norm_forward(c, 32, groups, 100); };
  // As above, 76 cycles over the image. Then two sums over the columns of a group and back: 2 + 6 (n - 1) + 2
  // + n + 4 cycles on CS-2 if it has n of them, and more than one.
  EXPECT_EQ(forward(32).fabric, 76_cyc);           // each channel by itself: an instance norm
  EXPECT_EQ(forward(16).fabric, 76_cyc);           // both channels of a group on one PE
  EXPECT_EQ(forward(8).fabric, Cycles{76 + 16});   // 2 columns
  EXPECT_EQ(forward(4).fabric, Cycles{76 + 30});   // 4
  EXPECT_EQ(forward(1).fabric, Cycles{76 + 114});  // all 16
  const std::uint64_t sweep = spec.pe.instruction_startup + 20 / spec.pe.fmacs_fp16;
  EXPECT_EQ(forward(4).compute, Cycles{4 * sweep + spec.pe.divide_cycles});
  EXPECT_EQ(forward(4).fill, Cycles{});
  // A gain and a bias: two sweeps more, and 2 x 2 FP32 sums of them up a chain of 10.
  const KernelCost backward = image_norm_backward(c, 32, 4, 100, 2);
  EXPECT_EQ(backward.compute, Cycles{7 * sweep});
  EXPECT_EQ(backward.fabric, Cycles{76 + 30 + 4});
  EXPECT_EQ(backward.fill, Cycles{9 * 6});
}

}  // namespace
}  // namespace wafersim
