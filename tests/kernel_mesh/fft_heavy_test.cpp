// Fourier transforms on longer rows and a larger cube: values, and the closed form beside the engine.
#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/matrix.hpp"

namespace wafersim {
namespace {

TEST(Fft, IsRightAndWithinTwoPercentOfItsClosedFormOnLargeGrids) {
  for (const MatrixRequest& request : {MatrixRequest{.kernel = "fft.plane", .grid = {64, 1}, .m = 64},
                                       {.kernel = "fft.plane", .grid = {128, 1}, .m = 128},
                                       {.kernel = "fft.cube", .grid = {32, 32}, .m = 32}}) {
    const MeshKernel kernel = make_matrix_kernel(request);
    const auto engine = make_fast_engine(kernel.plan);
    const MeshKernelResult result = run_mesh_kernel(kernel, *engine);
    EXPECT_TRUE(result.values_match) << request.kernel << " " << request.m;
    EXPECT_NEAR(static_cast<double>(kernel.closed_form) / static_cast<double>(result.cycles), 1, 0.02)
        << request.kernel << " " << request.m;
  }
}

}  // namespace
}  // namespace wafersim
