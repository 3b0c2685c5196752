// One maker per family of kernels; matrix.cpp chooses.
#pragma once

#include "wafersim/kernel/mesh/matrix.hpp"

namespace wafersim {

[[nodiscard]] MeshKernel make_gemv(const MatrixRequest& request);
[[nodiscard]] MeshKernel make_ring_gemm(const MatrixRequest& request);
[[nodiscard]] MeshKernel make_summa(const MatrixRequest& request);
[[nodiscard]] MeshKernel make_stencil(const MatrixRequest& request);
[[nodiscard]] MeshKernel make_fft(const MatrixRequest& request);
[[nodiscard]] MeshKernel make_attention(const MatrixRequest& request);
[[nodiscard]] MeshKernel make_layernorm(const MatrixRequest& request);
[[nodiscard]] MeshKernel make_spmm(const MatrixRequest& request);

}  // namespace wafersim
