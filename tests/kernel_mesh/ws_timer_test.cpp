// Products of a training step, timed on the mesh instead of by closed forms.
#include "wafersim/kernel/mesh/ws_timer.hpp"

#include <gtest/gtest.h>

#include "wafersim/kernel/ws_flow.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

// 24 columns in `groups` of 12, 30 rows; 6 tokens a PE.
FlowContext context(const WaferSpec& wafer, const Mapping& mapping) {
  const TokenLayout layout{wafer.grid, mapping, 30 / mapping.bands * mapping.groups * 6};
  return {.wafer = wafer, .arithmetic = Arithmetic::mixed, .layout = layout};
}
WaferSpec wafer() {
  return test::machine("cs2", {{"wafer.grid", "24x30"}}).wafer;
}
constexpr MatrixShape kDense{.in = 48, .out = 600, .kept = 48 * 600};

std::uint64_t flow_of(const FlowContext& c, const MatrixShape& shape, ProductPass pass) {
  return pass == ProductPass::forward ? row_time(c, shape).total : gradient_plan(c, shape).time.total;
}

TEST(MeshTimer, FirstNotesWhatItIsAskedAndAnswersWhenItHasRun) {
  const WaferSpec spec = wafer();
  const FlowContext c = context(spec, {.groups = 2, .bands = 1});
  MeshTimer timer{Fidelity::folded};
  for (const ProductPass pass : {ProductPass::forward, ProductPass::gradient}) {
    const std::uint64_t flow = flow_of(c, kDense, pass);
    EXPECT_FALSE(timer.time(c, kDense, pass, flow));
    EXPECT_FALSE(timer.time(c, kDense, pass, flow));  // the same product once more
  }
  ASSERT_EQ(timer.products().size(), 2U);
  timer.measure();
  for (const TimedProduct& product : timer.products()) {
    EXPECT_EQ(product.why_not, "");
    EXPECT_EQ(product.outputs_run, 600U);
    EXPECT_LT(std::abs(product.error_percent()), 10) << to_string(product.pass);  // the ladder's allowance
    EXPECT_EQ(timer.time(c, kDense, product.pass, product.flow), product.mesh);
  }
}

TEST(MeshTimer, TakesFromASampleWhatAllOutputFeaturesTakeWithinAHundredth) {
  const WaferSpec spec = wafer();
  const FlowContext c = context(spec, {.groups = 2, .bands = 1});
  const MaskSample mask{48, MaskSample::kRows, Fraction{750'000'000}, 3};
  for (const MaskSample* pruned : {static_cast<const MaskSample*>(nullptr), &mask}) {
    MatrixShape shape = kDense;
    shape.mask = pruned;
    shape.weights_per_wavelet = pruned == nullptr ? 2 : 1;
    MeshTimer sampled{Fidelity::sampled};
    MeshTimer folded{Fidelity::folded};
    for (MeshTimer* timer : {&sampled, &folded}) {
      (void)timer->time(c, shape, ProductPass::forward, row_time(c, shape).total);
      timer->measure();
    }
    const double all = static_cast<double>(folded.products()[0].mesh);
    EXPECT_NEAR(static_cast<double>(sampled.products()[0].mesh), all,
                all / 100 * (pruned == nullptr ? 1 : 3));
    EXPECT_LT(sampled.products()[0].outputs_run, pruned == nullptr ? 600U : 601U);
  }
}

TEST(MeshTimer, LeavesToTheClosedFormWhatHasNoProgramAndSaysWhy) {
  const WaferSpec spec = wafer();
  const FlowContext c = context(spec, {.groups = 1, .bands = 2});
  MeshTimer timer{Fidelity::folded};
  const std::uint64_t flow = row_time(c, kDense).total;
  (void)timer.time(c, kDense, ProductPass::forward, flow);
  timer.measure();
  EXPECT_EQ(timer.time(c, kDense, ProductPass::forward, flow), flow);
  EXPECT_NE(timer.products()[0].why_not.find("bands"), std::string::npos);
}

}  // namespace
}  // namespace wafersim
