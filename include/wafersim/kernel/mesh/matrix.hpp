// Matrix-vector and matrix-matrix products, attention, stencils, sparse products and Fourier transforms on
// the mesh.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/kernel/mask_sample.hpp"
#include "wafersim/kernel/mesh/mesh_kernel.hpp"

namespace wafersim {

// What the operands hold: small whole numbers, whose sums are exact in FP16, or fractions that round.
enum class OperandValues : std::uint8_t { whole, fractions };

struct MatrixRequest {
  std::string kernel;  // see matrix_kernel_names()
  GridSize grid;
  // Left M x K times right K x N. GEMV: M is 1. Attention: M tokens of K
  // features. Stencils: M cells in a PE's column. FFT: M points along each axis.
  std::uint32_t m = 1, k = 1, n = 1;
  std::uint32_t group = 0;  // PEs a group of the K-tree; 0: the square root of the row
  std::string dtype{};      // f16, f32 or mixed; empty: the kernel's own, the only one that it computes in
  double sparsity = 0;      // share of zeros in the left matrix of spmm
  std::shared_ptr<const MaskSample> mask{};  // of spmm, m rows over k columns: what is not zero, instead
  std::uint64_t seed = 1;
  OperandValues values = OperandValues::whole;
  MeshParameters parameters{};
};

[[nodiscard]] const std::vector<std::string>& matrix_kernel_names();
// Throws InputError if a name or size is wrong or the grid too small, DoesNotFit if a tile exceeds a PE.
[[nodiscard]] MeshKernel make_matrix_kernel(const MatrixRequest& request);

// Cycles of the product of two square FP16 tiles on one PE, run on the engine: one outer step of a GEMM
// without its communication.
[[nodiscard]] std::uint64_t tile_product_cycles(std::uint32_t tile, const MeshParameters& parameters = {});

}  // namespace wafersim
