// The measured GEMMs on the grid with the largest tiles, where SUMMA beats Cannon.
#include <gtest/gtest.h>

#include "kernel_mesh/published_gemm.hpp"

namespace wafersim {
namespace {

TEST(PublishedGemm, IsWithinFifteenPercentAndInTheRightOrderOnTheSmallestGrid) {
  expect_published_gemm({180, 337'908, 372'193, 293'897});
}

}  // namespace
}  // namespace wafersim
