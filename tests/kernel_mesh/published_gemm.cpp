// Runs the three kernels step by step.
#include "kernel_mesh/published_gemm.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/stepwise.hpp"

namespace wafersim {

void expect_published_gemm(const PublishedGemm& point) {
  const auto cycles = [&](const char* kernel) {
    return static_cast<double>(stepwise_gemm(kernel, point.pes, 2160 / point.pes).cycles);
  };
  const double summa = cycles("gemm.summa");
  const double cannon = cycles("gemm.cannon");
  const double mesh = cycles("gemm.mesh");
  EXPECT_NEAR(summa / point.summa, 1, 0.15);
  EXPECT_NEAR(cannon / point.cannon, 1, 0.15);
  EXPECT_NEAR(mesh / point.mesh, 1, 0.15);
  EXPECT_LT(mesh, std::min(summa, cannon));
  EXPECT_EQ(summa < cannon, point.summa < point.cannon);
}

}  // namespace wafersim
