// The matrix kernels against what was measured on WSE-2.
#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/matrix.hpp"
#include "wafersim/kernel/mesh/stepwise.hpp"

#include "kernel_mesh/published_gemm.hpp"

namespace wafersim {
namespace {

double share(std::uint64_t found, double published) {
  return static_cast<double>(found) / published;
}

// source: WaferLLM, OSDI'25 (arXiv 2502.04563): (total - communication) / steps of the GEMMs.
TEST(PublishedTileProduct, IsWithinTenPercentAtEverySize) {
  struct Point {
    std::uint32_t tile;
    double cycles;
  };
  for (const Point& p : {Point{3, 170}, {4, 252}, {6, 410}, {8, 667}, {12, 1349}, {16, 2959}, {24, 8447}})
    EXPECT_NEAR(share(tile_product_cycles(p.tile), p.cycles), 1, 0.10) << p.tile;
}

std::uint64_t gemv(const char* kernel, std::uint32_t pes) {
  // Rows are alike and do not meet: one of them has the outputs of one PE's row.
  const MeshKernel it =
      make_matrix_kernel({.kernel = kernel, .grid = {pes, 1}, .k = 4096, .n = (4096 + pes - 1) / pes});
  const auto engine = make_fast_engine(it.plan);
  const MeshKernelResult result = run_mesh_kernel(it, *engine);
  EXPECT_TRUE(result.values_match);
  return result.cycles;
}

// source: WaferLLM, OSDI'25: GEMV of 4096 x 4096 in FP16 on P x P PEs.
TEST(PublishedGemv, IsWithinFifteenPercentAndTheTreeIsFasterAtEverySize) {
  struct Point {
    std::uint32_t pes;
    double pipeline, tree;
  };
  for (const Point& p :
       {Point{120, 1579, 1046}, {240, 2000, 739}, {360, 2454, 661}, {480, 3200, 772}, {600, 4213, 915}}) {
    const std::uint64_t pipeline = gemv("gemv.pipeline", p.pes);
    const std::uint64_t tree = gemv("gemv.ktree", p.pes);
    EXPECT_NEAR(share(pipeline, p.pipeline), 1, 0.15) << p.pes;
    EXPECT_NEAR(share(tree, p.tree), 1, 0.15) << p.pes;
    EXPECT_LT(tree, pipeline);
  }
}

TEST(PublishedGemm, IsWithinFifteenPercentAndInTheRightOrderOnTheLargestGrid) {
  expect_published_gemm({720, 397'856, 289'842, 172'612});
}

// docs/deviations.md, row 14: total less compute on 720 x 720 PEs is 275,181 cycles as measured.
TEST(MatrixDeviation, SummaCommunicatesLessThanMeasuredOnLargeGrids) {
  const StepwiseGemm summa = stepwise_gemm("gemm.summa", 720, 3);
  const double found = share(summa.cycles - summa.compute, 275'181);
  EXPECT_GT(found, 0.75);
  EXPECT_LT(found, 0.85);
}

// source: Jacquelin et al., SC'22: 10,000,000 steps of 755 x 994 x 1000 cells took 754 s at 850 MHz. Who is 4
// PEs from every border does what all inner PEs do.
TEST(PublishedStencil, IsWithinFifteenPercentOfSixtyFourCyclesACell) {
  constexpr std::uint32_t kCells = 1000;
  const MeshKernel it = make_matrix_kernel({.kernel = "stencil.25pt", .grid = {10, 10}, .m = kCells});
  const auto engine = make_fast_engine(it.plan);
  const MeshKernelResult result = run_mesh_kernel(it, *engine);
  EXPECT_TRUE(result.values_match);
  EXPECT_NEAR(share(result.cycles, kCells * 754.0 * 850e6 / 1e7 / 1000), 1, 0.15);
}

}  // namespace
}  // namespace wafersim
