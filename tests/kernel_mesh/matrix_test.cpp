// The matrix kernels: right values on every shape, closed forms beside the engine, requests that are refused.
#include "wafersim/kernel/mesh/matrix.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"

namespace wafersim {
namespace {

MeshKernelResult run(const MatrixRequest& request, std::uint64_t* closed_form = nullptr) {
  const MeshKernel kernel = make_matrix_kernel(request);
  if (closed_form != nullptr) *closed_form = kernel.closed_form;
  const auto engine = make_fast_engine(kernel.plan);
  return run_mesh_kernel(kernel, *engine);
}

// Whole numbers exactly, fractions within what rounding allows.
void expect_right(MatrixRequest request) {
  for (const OperandValues values : {OperandValues::whole, OperandValues::fractions}) {
    request.values = values;
    const MeshKernelResult result = run(request);
    EXPECT_EQ(result.outcome.status, MeshStatus::finished);
    EXPECT_TRUE(result.values_match) << request.kernel << " on " << request.grid.columns << "x"
                                     << request.grid.rows << ", " << request.m << "x" << request.k << "x"
                                     << request.n;
  }
}

TEST(Gemv, IsRightOnEveryShape) {
  for (const char* kernel : {"gemv.pipeline", "gemv.ktree"}) {
    for (const std::uint32_t columns : {2U, 3U, 5U, 9U, 17U}) {
      for (const std::uint32_t rows : {1U, 3U}) {
        expect_right({.kernel = kernel, .grid = {columns, rows}, .k = 4 * columns, .n = 7 * rows});
        expect_right(
            {.kernel = kernel, .grid = {columns, rows}, .k = 4 * columns - 1, .n = 2 * rows});  // ragged
      }
    }
  }
  for (const std::uint32_t group : {1U, 2U, 9U, 12U})
    expect_right({.kernel = "gemv.ktree", .grid = {12, 1}, .k = 24, .n = 5, .group = group});
}

TEST(Gemv, DoesNotFeelHowManyRowsThereAre) {
  for (const char* kernel : {"gemv.pipeline", "gemv.ktree"}) {
    const MatrixRequest one{.kernel = kernel, .grid = {20, 1}, .k = 200, .n = 10};
    MatrixRequest many = one;
    many.grid = {20, 6};
    many.n = 60;
    EXPECT_EQ(run(one).cycles, run(many).cycles);
  }
}

TEST(Gemv, ClosedFormOfThePipelineIsExactAndThatOfTheTreeWithinThreePercent) {
  for (const std::uint32_t columns : {2U, 7U, 16U, 60U}) {
    for (const std::uint32_t length : {1U, 6U, 34U}) {
      std::uint64_t closed = 0;
      EXPECT_EQ(run({.kernel = "gemv.pipeline", .grid = {columns, 1}, .k = 5 * columns, .n = length}, &closed)
                    .cycles,
                closed);
      const auto cycles =
          run({.kernel = "gemv.ktree", .grid = {columns, 1}, .k = 5 * columns, .n = length}, &closed).cycles;
      EXPECT_NEAR(static_cast<double>(closed) / static_cast<double>(cycles), 1, 0.03)
          << columns << " " << length;
    }
  }
}

TEST(Gemm, IsRightOnEveryShape) {
  for (const char* kernel : {"gemm.summa", "gemm.cannon", "gemm.mesh"}) {
    for (const std::uint32_t pes : {3U, 4U, 5U, 8U}) {
      expect_right({.kernel = kernel, .grid = {pes, pes}, .m = 3 * pes, .k = 3 * pes, .n = 3 * pes});
      expect_right({.kernel = kernel, .grid = {pes, pes}, .m = 2 * pes - 1, .k = 4 * pes - 2, .n = pes});
    }
  }
  expect_right({.kernel = "gemm.cannon", .grid = {2, 2}, .m = 5, .k = 4, .n = 3});
  expect_right({.kernel = "gemm.summa", .grid = {2, 2}, .m = 5, .k = 4, .n = 3});
}

TEST(Gemm, ClosedFormsAreWithinSevenPercent) {
  for (const char* kernel : {"gemm.summa", "gemm.cannon", "gemm.mesh"}) {
    for (const std::uint32_t pes : {4U, 9U}) {
      for (const std::uint32_t tile : {3U, 6U, 12U}) {
        const std::uint32_t size = pes * tile;
        std::uint64_t closed = 0;
        const auto cycles =
            run({.kernel = kernel, .grid = {pes, pes}, .m = size, .k = size, .n = size}, &closed).cycles;
        EXPECT_NEAR(static_cast<double>(closed) / static_cast<double>(cycles), 1, 0.07)
            << kernel << " " << pes << " " << tile;
      }
    }
  }
}

// Interior PEs take 24 neighbours, those at the border fewer; a grid may be smaller than the stencil reaches.
TEST(Stencil, IsRightOnEveryShape) {
  for (const GridSize grid : {GridSize{2, 2}, {3, 7}, {4, 5}, {10, 9}, {6, 13}}) {
    for (const std::uint32_t cells : {1U, 3U, 20U}) {
      expect_right({.kernel = "stencil.7pt", .grid = grid, .m = cells});
      expect_right({.kernel = "stencil.25pt", .grid = grid, .m = cells});
    }
  }
}

TEST(Stencil, ClosedFormsAreWithinEightPercentForLongColumns) {
  for (const char* kernel : {"stencil.7pt", "stencil.25pt"}) {
    std::uint64_t closed = 0;
    const auto cycles = run({.kernel = kernel, .grid = {10, 10}, .m = 300}, &closed).cycles;
    EXPECT_NEAR(static_cast<double>(closed) / static_cast<double>(cycles), 1, 0.08) << kernel;
  }
}

TEST(SparseProduct, IsRightDenseAndSparse) {
  for (const double sparsity : {0.0, 0.5, 0.9, 0.99}) {
    expect_right({.kernel = "spmm", .grid = {5, 3}, .m = 11, .k = 23, .n = 6, .sparsity = sparsity});
  }
}

TEST(SparseProduct, ClosedFormIsExact) {
  for (const double sparsity : {0.0, 0.8}) {
    for (const std::uint64_t seed : {1ULL, 2ULL}) {
      std::uint64_t closed = 0;
      const auto cycles = run({.kernel = "spmm",
                               .grid = {6, 4},
                               .m = 16,
                               .k = 48,
                               .n = 8,
                               .sparsity = sparsity,
                               .seed = seed},
                              &closed)
                              .cycles;
      EXPECT_EQ(cycles, closed);
    }
  }
}

TEST(SparseProduct, TakesItsZerosFromAMask) {
  for (const MaskPattern pattern : {MaskPattern{.block = 4}, MaskPattern{.of = 4, .keep = 1}}) {
    const auto mask = std::make_shared<MaskSample>(24, 11, Fraction{750'000'000}, 3, pattern);
    const MatrixRequest request{.kernel = "spmm", .grid = {5, 3}, .m = 11, .k = 24, .n = 6, .mask = mask};
    expect_right(request);
    std::uint64_t closed = 0;
    const MeshKernelResult result = run(request, &closed);
    EXPECT_EQ(result.cycles, closed);
    std::uint64_t kept = 0;
    for (std::uint64_t row = 0; row < 11; ++row) kept += mask->kept(row, 0, 24);
    // Two operations a kept weight and column, and one for each of 12 rows' sums that four of five PEs pass
    // on.
    EXPECT_EQ(result.counts.flops, 2 * kept * 6 + 4U * 12 * 6);
  }
  const auto other = std::make_shared<MaskSample>(24, 10, Fraction{750'000'000}, 3);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "spmm", .grid = {5, 3}, .m = 11, .k = 24, .mask = other}),
               InputError);
}

TEST(SparseProduct, CountsTwoOperationsForEachNonzeroAndColumnAndOneForEachSumPassedOn) {
  const MeshKernelResult dense = run({.kernel = "spmm", .grid = {4, 2}, .m = 6, .k = 8, .n = 5});
  EXPECT_EQ(dense.counts.flops, 2U * 6 * 8 * 5 + 3U * 6 * 5);  // three of four PEs of a row add what comes
}

// Ragged sizes leave tokens and features that only fill up; they must not change a weight.
TEST(Attention, IsRightOnEveryShape) {
  for (const GridSize grid : {GridSize{2, 2}, {3, 2}, {4, 3}, {2, 5}}) {
    const auto columns = static_cast<std::uint32_t>(grid.columns);
    const auto rows = static_cast<std::uint32_t>(grid.rows);
    expect_right({.kernel = "attention", .grid = grid, .m = 3 * rows, .k = 2 * columns});
    expect_right({.kernel = "attention", .grid = grid, .m = 3 * rows - 2, .k = 2 * columns - 1});
  }
  expect_right({.kernel = "attention", .grid = {4, 4}, .m = 48, .k = 32});
}

TEST(Attention, ClosedFormIsWithinThreePercent) {
  for (const std::uint32_t tokens : {8U, 24U}) {
    std::uint64_t closed = 0;
    const auto cycles = run({.kernel = "attention", .grid = {4, 4}, .m = tokens, .k = 16}, &closed).cycles;
    EXPECT_NEAR(static_cast<double>(closed) / static_cast<double>(cycles), 1, 0.03) << tokens;
  }
}

TEST(Attention, TakesTheSoftmaxOfAllScoresInEachPe) {
  // Two rows of m/2 tokens: each PE has m/2 * m scores, so that the second difference over m is theirs alone.
  const auto datapath = [](std::uint32_t tokens) {
    return run({.kernel = "attention", .grid = {2, 2}, .m = tokens, .k = 4}).root.datapath;
  };
  const std::uint32_t bend = datapath(64) - 2 * datapath(56) + datapath(48);
  // Of each score: its exponential takes 31 cycles, 7 instructions with one vector and 12 with two that meet
  // in a bank; to scale it, 1; to find the largest, take it off, add up and multiply by the inverse, 2 each;
  // to clear it, 1; 2 features in two products, 2 and an eighth each; adding it up along the row and
  // spreading it, 2.
  EXPECT_EQ(bend, 8U * 8 * (31 + 1 + 8 + 1 + 8.5 + 2));
}

TEST(LayerNorm, IsRightOnEveryShape) {
  for (const GridSize grid : {GridSize{2, 1}, {5, 2}, {3, 4}}) {
    const auto columns = static_cast<std::uint32_t>(grid.columns);
    const auto rows = static_cast<std::uint32_t>(grid.rows);
    expect_right({.kernel = "layernorm", .grid = grid, .m = 3 * rows, .k = 8 * columns});
    expect_right({.kernel = "layernorm", .grid = grid, .m = 5 * rows - 1, .k = 7 * columns - 2});
  }
  expect_right({.kernel = "layernorm", .grid = {4, 1}, .m = 40, .k = 3});  // some tokens do not vary at all
}

TEST(LayerNorm, ClosedFormIsExact) {
  for (const std::uint32_t tokens : {1U, 12U}) {
    std::uint64_t closed = 0;
    EXPECT_EQ(run({.kernel = "layernorm", .grid = {7, 2}, .m = 2 * tokens, .k = 35}, &closed).cycles, closed);
  }
}

TEST(MatrixKernels, RefuseWhatCannotBe) {
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "gemm.cannon", .grid = {4, 5}, .m = 8, .k = 8, .n = 8}),
               InputError);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "gemm.mesh", .grid = {2, 2}, .m = 8, .k = 8, .n = 8}),
               InputError);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "gemv.ktree", .grid = {1, 1}, .k = 8, .n = 8}),
               InputError);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "gemv.ktree", .grid = {8, 1}, .k = 8, .n = 8, .group = 9}),
               InputError);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "gemv.pipe", .grid = {8, 1}, .k = 8, .n = 8}), InputError);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "spmm", .grid = {8, 1}, .k = 8, .sparsity = 1}),
               InputError);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "spmm", .grid = {8, 1}, .k = 0}), InputError);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "spmm", .grid = {8, 1}, .k = 8, .dtype = "bf16"}),
               InputError);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "gemv.ktree", .grid = {8, 1}, .k = 8, .dtype = "mixed"}),
               InputError);
}

// A PE holds 49,152 bytes less 4,096 for code. Five FP16 tiles of t x t: 10 t^2 bytes, each rounded up to 16.
TEST(MatrixKernels, RefuseTilesThatExceedAPe) {
  const auto make = [](std::uint32_t tile) {
    return make_matrix_kernel(
        {.kernel = "gemm.cannon", .grid = {2, 2}, .m = 2 * tile, .k = 2 * tile, .n = 2 * tile});
  };
  EXPECT_NO_THROW((void)make(66));           // 5 · 8,720 = 43,600
  EXPECT_THROW((void)make(68), DoesNotFit);  // 5 · 9,248 = 46,240
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "stencil.25pt", .grid = {2, 2}, .m = 3000}), DoesNotFit);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "attention", .grid = {2, 2}, .m = 200, .k = 4}),
               DoesNotFit);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "gemv.ktree", .grid = {2, 1}, .k = 400, .n = 400}),
               DoesNotFit);
  EXPECT_THROW((void)make_matrix_kernel({.kernel = "spmm", .grid = {2, 1}, .m = 100, .k = 100, .n = 100}),
               DoesNotFit);
}

}  // namespace
}  // namespace wafersim
