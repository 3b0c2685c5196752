// The closed forms, held against numbers worked out by hand on a grid that one can draw.
#include "wafersim/kernel/flow.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wafersim/kernel/ws_flow.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

using namespace literals;

// 4 columns, 2 rows; two mixed FMACs a cycle, 2 cycles beside each wavelet, dispatch 4, ramp 2, hop 1.
WaferSpec small_wafer() {
  WaferSpec wafer = test::machine("cs2", {{"wafer.grid", "4x2"}}).wafer;
  wafer.pe.wavelet_overhead = 2;
  wafer.pe.task_dispatch = 4;
  wafer.pe.instruction_startup = 6;
  return wafer;
}

TEST(TokenLayout, TheFullestPeDecides) {
  // 3 groups of 854/3 = 284 columns; 1000 tokens over 996 rows times 3 groups: one token each; 4096 features
  // over 284.
  const TokenLayout grouped{{854, 996}, {.groups = 3, .bands = 1}, 1000};
  EXPECT_EQ(grouped.feature_columns(), 284U);
  EXPECT_EQ(grouped.tokens_per_pe(), 1U);
  EXPECT_EQ(grouped.features_per_pe(4096), 15U);  // 14.4
  EXPECT_EQ(grouped.columns_used(4096), 274U);    // 4096 / 15 = 273.07
  // 2 bands of 498 rows: features over 1708 columns, 1000 tokens over 498 rows.
  const TokenLayout banded{{854, 996}, {.groups = 1, .bands = 2}, 1000};
  EXPECT_EQ(banded.feature_columns(), 1708U);
  EXPECT_EQ(banded.tokens_per_pe(), 3U);
}

TEST(LinearForward, DenseByHand) {
  const WaferSpec wafer = small_wafer();
  // 8 inputs on 4 columns: 2 features a PE. 10 tokens on 2 rows: 5 tokens a PE. 6 outputs.
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, 10}};
  const MatrixShape kDense{.in = 8, .out = 6, .kept = 48, .mask = nullptr, .weights_per_wavelet = 2};
  const KernelCost cost = linear_forward(c, kDense);
  // The two weights of an output come in one wavelet, so its control task follows itself: 1 cycle of
  // dispatch (4 for the first output), 1 for the commit, and 1 + ceil(5/2) for each weight.
  EXPECT_EQ(cost.compute, Cycles{13 + 5 * 10});
  // A PE passes 5 FP32 sums an output on. The owner of the second block (outputs 2 and 3) also gets its own
  // back: 5 + 5 beats, of which 2 fall into issue, 4 between the beats of its products and the others not;
  // and while it is behind, its products take turns with both. docs/model.md has the recursion.
  EXPECT_EQ(cost.fabric + cost.compute, Cycles{row_time(c, kDense).total});
  // Alone, the six outputs would leave the chain every 10 cycles: 5 sums go on, and 5 come back.
  EXPECT_EQ(cost.fabric + cost.hidden, 60_cyc);
  // Across 4 columns and 2 rows and two ramps (10), three steps of the chain (2+1+2+1 = 6 each), 5 sums, and
  // back over 3 hops and a ramp for the last output: 3 + 2·2 + 1.
  EXPECT_EQ(cost.fill, Cycles{10 + 18 + 5 + 8});
  EXPECT_EQ(cost.fmacs, 480U);  // 48 weights times 10 tokens
}

RC_GTEST_PROP(LinearForward, IsNeverFasterThanItsOwnLowerBound, ()) {
  const auto pick = [](int low, int high) {
    return static_cast<std::uint64_t>(*rc::gen::inRange(low, high));
  };
  const WaferSpec wafer = small_wafer();
  const std::uint64_t columns = pick(1, 40);
  const std::uint64_t groups = pick(1, static_cast<int>(columns) + 1);
  const std::uint64_t in = pick(1, 300);
  const std::uint64_t out = pick(1, 300);
  const auto arithmetic = *rc::gen::element(Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32);
  const FlowContext c{
      .wafer = wafer, .arithmetic = arithmetic, .layout = {{columns, 2}, {groups, 1}, pick(1, 200)}};
  const MaskSample mask{in, std::min(out, MaskSample::kRows), Fraction{pick(1, 100) * 10'000'000}, 7};
  const bool sparse = arithmetic != Arithmetic::fp32 && *rc::gen::arbitrary<bool>();
  const MatrixShape shape{.in = in,
                          .out = out,
                          .kept = in * out,
                          .mask = sparse ? &mask : nullptr,
                          .weights_per_wavelet = sparse || arithmetic == Arithmetic::fp32 ? 1U : 2U};
  RC_ASSERT(row_time_at_least(c, shape) <= row_time(c, shape).total);
}

TEST(LinearGradient, DenseByHand) {
  const WaferSpec wafer = small_wafer();
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, 10}};
  const KernelCost cost =
      linear_gradient(c, {.in = 8, .out = 6, .kept = 48, .mask = nullptr, .weights_per_wavelet = 2});
  // By delta, 5 tokens in 3 wavelets: two dispatches of 4, one repetition of 1, 5 products of 1 + 1 cycles, 1
  // to commit, and 1 + 1 to clear the next sums: 22 for each of 6 outputs. Both wavelets of sums leave in
  // dispatches.
  EXPECT_EQ(cost.compute, 132_cyc);
  // The relay waits until the first deltas fill the queues before it: 6 to start, 2 + 2 + 4 places, two ramps
  // of
  // 2. Then it tells the next one to begin, 6 + 1, starts to send, 6, and the deltas pass a ramp out and in
  // with a cycle between, and 5 links.
  EXPECT_EQ(cost.fabric, 41_cyc);
}

TEST(ElementwiseCost, IsPerElementOrPerSweep) {
  const WaferSpec wafer = small_wafer();
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, 10}};
  // 8 features: 2 a PE, 5 tokens: 10 elements; a sweep is 6 + ceil(10/4) = 9 cycles.
  EXPECT_EQ(elementwise(c, {8, 2, 0}).compute, 18_cyc);
  EXPECT_EQ(elementwise(c, {8, 1, 20}).compute, 209_cyc);
}

// 2 heads of 4: 8 features, 2 a PE, so a head lies on 2 columns; a key's 2 features are one wavelet.
WaferSpec attention_wafer(TokenOrder tokens = TokenOrder::in_order) {
  WaferSpec wafer = small_wafer();
  wafer.pe.exponential_cycles = 20;
  wafer.pe.divide_cycles = 50;
  wafer.mapping.tokens = tokens;
  return wafer;
}
constexpr AttentionTask kTwoHeads{.heads = 2, .kv_heads = 2, .head_dim = 4, .sequence = 10};
constexpr AttentionTask kCausal{.heads = 2, .kv_heads = 2, .head_dim = 4, .sequence = 10, .causal = true};

TEST(AttentionForward, ByHandWithOneHeadOverTwoColumns) {
  const WaferSpec wafer = attention_wafer();
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, 10}};
  // 5 tokens a PE, sequences of 10.
  const KernelCost cost = attention_forward(c, kTwoHeads);
  // 10 keys with 2 features of ceil(5/2) cycles each are 60 in each product. Beside them, each key takes 4 +
  // 1
  // + 2 where its sums leave (dispatch, commit, two issues), and 1 + 2 where a value only arrives (dispatch
  // again). Softmax: 10 * 5 / 2 = 25 scores with 20 + 5 cycles, and 5 divisions of 50.
  EXPECT_EQ(cost.compute, Cycles{60 + 10 * 7 + 60 + 10 * 3 + 25 * 25 + 250});
  // Scores added up and handed back: 2 * 10 keys * 5 FP32 values.
  EXPECT_EQ(cost.fabric, 100_cyc);
  EXPECT_EQ(cost.fmacs, 2U * 10 * 10 * 8);
}

TEST(AttentionBackward, ByHandWithOneHeadOverTwoColumns) {
  const WaferSpec wafer = attention_wafer();
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, 10}};
  const KernelCost cost = attention_backward(c, kTwoHeads);
  // Scores and dP as above, dQ as a value, dV and dK with two issues a key; 20 + 7 cycles a score.
  EXPECT_EQ(cost.compute, Cycles{2 * 130 + 90 + 2 * (60 + 10 * 2) + 25 * 27});
  // Four exchanges of 50, and sums of dV and dK down the column: 10 keys of 2 FP32 values each.
  EXPECT_EQ(cost.fabric, Cycles{4 * 50 + 2 * 20});
  EXPECT_EQ(cost.fmacs, 4U * 10 * 10 * 8);
}

TEST(AttentionForward, CausalByHandWithTokensInOrder) {
  const WaferSpec wafer = attention_wafer();
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, 10}};
  const KernelCost cost = attention_forward(c, kCausal);
  // The second row has the last 5 tokens: 5 keys meet all of them, in 3 instructions, and the others 5, 4, 3,
  // 2 and 1 of them, in 3 + 2 + 2 + 1 + 1: 24 instructions for each of 2 features. Pairs: 25 + 15 = 40, of
  // which a column has 20.
  EXPECT_EQ(cost.compute, Cycles{48 + 10 * 7 + 48 + 10 * 3 + 20 * 25 + 250});
  EXPECT_EQ(cost.fabric, 80_cyc);
  EXPECT_EQ(cost.fmacs, 2U * 55 * 8);  // 1 + 2 + ... + 10 pairs
}

TEST(AttentionForward, CausalByHandWithTokensDealt) {
  const WaferSpec wafer = attention_wafer(TokenOrder::dealt);
  const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, 10}};
  const KernelCost cost = attention_forward(c, kCausal);
  // The 2 rows have every second token, so keys come in 5 strides of 2, which meet 5, 4, 3, 2 and 1 tokens of
  // the fullest PE: 2 * (3 + 2 + 2 + 1 + 1) = 18 instructions for each of 2 features, and 2 * 15 pairs.
  EXPECT_EQ(cost.compute, Cycles{36 + 10 * 7 + 36 + 10 * 3 + 15 * 25 + 250});
  EXPECT_EQ(cost.fabric, 60_cyc);
  EXPECT_EQ(cost.fmacs, 2U * 55 * 8);
}

TEST(AttentionForward, WindowsSpareTheKeysOutsideUnlessTokensAreDealt) {
  AttentionTask task = kCausal;
  task.window = 3;
  const auto cost = [&](TokenOrder tokens) {
    const WaferSpec wafer = attention_wafer(tokens);
    const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, 10}};
    return attention_forward(c, task).compute;
  };
  // 5 neighbours with windows of 3 see 7 keys: 21 instructions, 35 pairs, of which a column has 18.
  EXPECT_EQ(cost(TokenOrder::in_order), Cycles{42 + 7 * 7 + 42 + 7 * 3 + 18 * 25 + 250});
  EXPECT_EQ(cost(TokenOrder::dealt), Cycles{36 + 10 * 7 + 36 + 10 * 3 + 15 * 25 + 250});
}

TEST(AttentionForward, KeepsTheHeadsOfAPeWhole) {
  const WaferSpec wafer = attention_wafer();
  // 3 heads of 6 on 8 columns, 2 for each: 3 features a PE, although 18 features on 8 columns also make 3;
  // with 4 heads of 5 on 6 columns, 1 for each, it is 5 a PE, not ceil(20 / 6) = 4.
  const auto compute = [&](std::uint64_t columns, std::uint64_t heads, std::uint64_t head_dim) {
    const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::fp32, .layout = {{columns, 2}, {1, 1}, 2}};
    return attention_forward(c, {.heads = heads, .kv_heads = heads, .head_dim = head_dim, .sequence = 2})
        .compute;
  };
  // One token a PE: two products of 2 keys * q features, 2 cycles each and one more after eight; q wavelets a
  // key, with 4 + 4 + (q - 2) + 1 + q and q + q beside them; 2 scores on z columns with 20 + 5, and a
  // division at 50.
  EXPECT_EQ(compute(8, 3, 6), Cycles{12 + 2 * 13 + 12 + 2 * 6 + 1 * 25 + 50});
  EXPECT_EQ(compute(6, 4, 5), Cycles{21 + 2 * 17 + 21 + 2 * 10 + 2 * 25 + 50});
}

TEST(MaskSample, KeepsTheShareItIsToldTo) {
  const MaskSample sample{4096, 256, Fraction{900'000'000}, 1};
  std::uint64_t kept = 0;
  for (std::uint64_t row = 0; row < sample.rows(); ++row) kept += sample.kept(row, 0, 4096);
  // 1,048,576 draws at 0.1: 104,858, standard deviation 307.
  EXPECT_NEAR(static_cast<double>(kept), 104'858.0, 5 * 307.0);
}

TEST(MaskSample, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const auto row = [](std::uint64_t seed) { return MaskSample{512, 1, Fraction{500'000'000}, seed}; };
  EXPECT_EQ(row(1).kept(0, 0, 100), row(1).kept(0, 0, 100));
  bool differs = false;
  for (std::uint64_t i = 0; i < 512; i += 8) differs |= row(1).kept(0, i, i + 8) != row(2).kept(0, i, i + 8);
  EXPECT_TRUE(differs);
}

TEST(MaskSample, CountsAcrossWordBoundaries) {
  const MaskSample all{200, 1, Fraction{0}, 1};  // nothing pruned
  EXPECT_EQ(all.kept(0, 60, 70), 10U);
  EXPECT_EQ(all.kept(0, 0, 200), 200U);
  EXPECT_EQ(all.kept(0, 190, 500), 10U);
}

RC_GTEST_PROP(MaskSample, TheSlowestColumnLiesBetweenTheMeanAndTheWorstOfEveryRow, ()) {
  const auto width = *rc::gen::inRange<std::uint64_t>(1, 600);
  const auto features = *rc::gen::inRange<std::uint64_t>(1, 40);
  const auto ahead = *rc::gen::inRange<std::uint64_t>(1, 16);
  const MaskSample sample{width, 64, Fraction{*rc::gen::inRange<std::uint64_t>(0, 1'000'000'000)}, 7};
  std::uint64_t worst_rows = 0;
  std::uint64_t worst_column = 0;
  for (std::uint64_t first = 0; first < width; first += features) {
    std::uint64_t column = 0;
    for (std::uint64_t row = 0; row < sample.rows(); ++row)
      column += sample.kept(row, first, first + features);
    worst_column = std::max(worst_column, column);
  }
  for (std::uint64_t row = 0; row < sample.rows(); ++row) {
    std::uint64_t worst = 0;
    for (std::uint64_t first = 0; first < width; first += features) {
      worst = std::max(worst, sample.kept(row, first, first + features));
    }
    worst_rows += worst;
  }
  const std::uint64_t slowest = sample.slowest_column(features, ahead, sample.rows());
  RC_ASSERT(slowest >= worst_column);  // no column can be faster than its own work
  RC_ASSERT(slowest <= worst_rows);    // lock step is the worst there is
  RC_ASSERT(sample.slowest_column(features, ahead + 1, sample.rows()) <= slowest);
}

RC_GTEST_PROP(LinearForward, MoreTokensOrWeightsAreNeverFaster, ()) {
  const WaferSpec wafer = small_wafer();
  const auto tokens = *rc::gen::inRange<std::uint64_t>(1, 500);
  const auto in = *rc::gen::inRange<std::uint64_t>(1, 300);
  const auto out = *rc::gen::inRange<std::uint64_t>(1, 300);
  const auto cost = [&](std::uint64_t t, std::uint64_t i, std::uint64_t o) {
    const FlowContext c{.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = {{4, 2}, {1, 1}, t}};
    return linear_forward(c, {.in = i, .out = o, .kept = i * o, .mask = nullptr, .weights_per_wavelet = 2})
        .busy();
  };
  RC_ASSERT(cost(tokens + 1, in, out) >= cost(tokens, in, out));
  RC_ASSERT(cost(tokens, in, out + 1) >= cost(tokens, in, out));
  // No PE does more than its peak: two FMACs a cycle on 8 PEs.
  RC_ASSERT(cost(tokens, in, out).count() * 16 >= tokens * in * out);
}

}  // namespace
}  // namespace wafersim
