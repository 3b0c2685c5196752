// Fourier transforms on the mesh: right values at every size, the closed form beside the engine, what travels
// and what is counted, and the one published time.
#include <bit>
#include <cmath>

#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/kernel/mesh/matrix.hpp"
#include "wafersim/mesh/fold.hpp"

namespace wafersim {
namespace {

MatrixRequest plane(std::uint32_t points, std::uint32_t rows = 1) {
  return {.kernel = "fft.plane", .grid = {points, rows}, .m = points};
}
MatrixRequest cube(std::uint32_t points) {
  return {.kernel = "fft.cube", .grid = {points, points}, .m = points};
}

MeshKernelResult run(const MeshKernel& kernel) {
  const auto engine = make_fast_engine(kernel.plan);
  return run_mesh_kernel(kernel, *engine);
}

void expect_right(MatrixRequest request) {
  for (const OperandValues values : {OperandValues::whole, OperandValues::fractions}) {
    request.values = values;
    const MeshKernelResult result = run(make_matrix_kernel(request));
    EXPECT_EQ(result.outcome.status, MeshStatus::finished);
    EXPECT_TRUE(result.values_match) << request.kernel << " of " << request.m;
  }
}

TEST(Fft, IsRightAtEverySize) {
  for (const std::uint32_t points : {2U, 4U, 8U, 16U, 32U}) expect_right(plane(points, points < 32 ? 3 : 1));
  for (const std::uint32_t points : {2U, 4U, 8U}) expect_right(cube(points));
}

TEST(Fft, IsRightOnALargerGrid) {
  MatrixRequest request = cube(16);
  request.values = OperandValues::fractions;
  EXPECT_TRUE(run(make_matrix_kernel(request)).values_match);
}

// In pencils of eight numbers, one word that is off by one is a hundred times what rounding may do.
TEST(Fft, NoticesOneWrongNumber) {
  for (const MatrixRequest& request : {plane(8, 2), cube(8)}) {
    const MeshKernel kernel = make_matrix_kernel(request);
    const auto engine = make_fast_engine(kernel.plan);
    ASSERT_TRUE(run_mesh_kernel(kernel, *engine).values_match);
    // Three stages for each axis: the result lies in the second pencil of a plane (behind 6 stages and one
    // exchange), in the second of a cube (9 and 2), 64 bytes behind the first.
    const float word = std::bit_cast<float>(engine->read_memory({5, 1}, 64, 1)[0]);
    engine->write_memory({5, 1}, 64, std::vector{std::bit_cast<std::uint32_t>(word + 1)});
    EXPECT_FALSE(kernel.right(*engine, {})) << request.kernel;
  }
}

TEST(Fft, ClosedFormIsExactUpToSixteenPointsAndWithinTwoPercentBeyond) {
  const auto error = [](const MatrixRequest& request) {
    const MeshKernel kernel = make_matrix_kernel(request);
    return static_cast<double>(kernel.closed_form) / static_cast<double>(run(kernel).cycles) - 1;
  };
  for (const std::uint32_t points : {2U, 4U, 8U, 16U}) EXPECT_EQ(error(plane(points)), 0) << points;
  for (const std::uint32_t points : {2U, 4U, 8U, 16U}) EXPECT_EQ(error(cube(points)), 0) << points;
  EXPECT_LT(std::abs(error(plane(32))), 0.02);
}

// Queues and ramps of other lengths: the recurrence has no number of its own for them.
TEST(Fft, ClosedFormFollowsTheParametersOfTheMesh) {
  for (const std::uint32_t depth : {2U, 8U}) {
    for (const std::uint32_t ramp : {1U, 3U}) {
      MatrixRequest request = plane(32);
      request.parameters.input_queue_depth = depth;
      request.parameters.ramp_cycles = ramp;
      const MeshKernel kernel = make_matrix_kernel(request);
      EXPECT_NEAR(static_cast<double>(kernel.closed_form) / static_cast<double>(run(kernel).cycles), 1, 0.05)
          << depth << " " << ramp;
    }
  }
}

// All rows do the same at the same time, then all columns do what the rows did.
TEST(Fft, ACubeTakesOneExchangeAndOneTransformMoreThanAPlane) {
  for (const std::uint32_t points : {4U, 8U}) {
    const MeshKernel two = make_matrix_kernel(plane(points));
    const MeshKernel three = make_matrix_kernel(cube(points));
    EXPECT_EQ(three.compute, two.compute / 2 * 3);
    EXPECT_EQ(run(three).cycles - three.compute, 2 * (run(two).cycles - two.compute));
  }
}

TEST(Fft, DoesNotFeelHowManyPlanesThereAre) {
  const MeshKernel one = make_matrix_kernel(plane(16));
  const MeshKernel many = make_matrix_kernel(plane(16, 40));
  const auto folded = make_folded_engine(many.plan);
  const MeshKernelResult result = run_mesh_kernel(many, *folded);
  EXPECT_EQ(folded->rows_run(), 1);
  EXPECT_TRUE(result.values_match);
  EXPECT_EQ(result.cycles, run(one).cycles);
}

TEST(Fft, CountsItsOperationsAndItsHops) {
  const MeshKernelResult result = run(make_matrix_kernel(plane(16)));
  // A stage of n numbers: n negated words, n sums, n differences, two products and two multiply-adds (two
  // operations each) of n/2. 16 PEs, two transforms of four stages.
  EXPECT_EQ(result.counts.flops, 16U * 2 * 4 * (16 + 16 + 16 + 8 * (2 + 2 * 2)));
  // From each PE two words to each other: the distances add up to n (n^2 - 1) / 3.
  EXPECT_EQ(result.counts.link_hops, 2U * 16 * (16 * 16 - 1) / 3);
}

TEST(Fft, RefusesWhatDoesNotFit) {
  const auto refuses = [](MatrixRequest request, std::uint32_t points) {
    request.m = points;
    EXPECT_THROW((void)make_matrix_kernel(request), InputError) << request.kernel << " " << points;
  };
  refuses({.kernel = "fft.plane", .grid = {12, 1}}, 12);
  refuses({.kernel = "fft.plane", .grid = {2, 1}}, 1);
  refuses({.kernel = "fft.plane", .grid = {8, 1}}, 16);
  refuses({.kernel = "fft.cube", .grid = {8, 4}}, 8);
  refuses({.kernel = "fft.cube", .grid = {8, 1}}, 8);
  refuses({.kernel = "fft.cube", .grid = {8, 8}, .dtype = "f16"}, 8);
  // 26 bytes a point: two pencils (8 each), their differences (4), three tables of half as many (2 each).
  EXPECT_THROW((void)make_matrix_kernel(plane(2048)), DoesNotFit);
}

TEST(Fft, KnowsTheTimeOfACubeWhoseProgramsWouldNotFitTheHost) {
  const MeshKernel large = make_matrix_kernel(cube(128));
  EXPECT_FALSE(large.no_program.empty());
  const MeshKernel small = make_matrix_kernel(plane(128));
  EXPECT_TRUE(small.no_program.empty());
  EXPECT_EQ(large.closed_form - large.compute, 2 * (small.closed_form - small.compute));
}

// source: wsFFT, arXiv 2209.15040: 959 us for 512 cubed, complex FP32, on 512 x 512 PEs of a CS-2; its clock
// is taken to be 850 MHz. A row of 512 PEs gives the same to half a percent at wavelet resolution
// (`wafersim validate fft`).
TEST(Fft, ACubeOf512TakesAboutAsLongAsPublished) {
  const double published = 959e-6 * 850e6;
  const MeshKernel kernel = make_matrix_kernel(cube(512));
  EXPECT_NEAR(static_cast<double>(kernel.closed_form) / published, 0.96, 0.01);
}

// Deviation 23: cores relay, so that the links in the middle of a line are idle most of the time. Half of the
// numbers of one half of the line cross them, each way at once: n/2 * n/2 numbers of two words.
TEST(FftDeviation, AnExchangeUsesTheMiddleLinkLessThanHalfOfTheTime) {
  const MeshKernel kernel = make_matrix_kernel(cube(512));
  const double exchange = static_cast<double>(kernel.closed_form - kernel.compute) / 2;
  EXPECT_NEAR(256.0 * 256 * 2 / exchange, 0.39, 0.01);
}

}  // namespace
}  // namespace wafersim
