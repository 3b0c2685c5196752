// The measured GEMMs on grids whose tiles take a while to multiply.
#include <gtest/gtest.h>

#include "kernel_mesh/published_gemm.hpp"

namespace wafersim {
namespace {

TEST(PublishedGemm, IsWithinFifteenPercentAndInTheRightOrderOnLargeGrids) {
  expect_published_gemm({540, 339'355, 264'321, 168'359});
  expect_published_gemm({360, 296'478, 265'426, 186'734});
}

}  // namespace
}  // namespace wafersim
