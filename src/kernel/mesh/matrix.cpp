// The matrix kernels by name, and what their requests must fulfil.
#include "wafersim/kernel/mesh/matrix.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/parse.hpp"
#include "wafersim/base/suggest.hpp"

#include "matrix_kernels.hpp"

namespace wafersim {
namespace {

struct Entry {
  std::string name;
  std::uint32_t columns, rows;  // the smallest grid it can work on
  std::string_view dtype;       // operands, products and sums
  MeshKernel (*make)(const MatrixRequest&);
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> kEntries{
      {"attention", 2, 2, "f32", make_attention},  {"fft.cube", 2, 2, "f32", make_fft},
      {"fft.plane", 2, 1, "f32", make_fft},        {"gemm.cannon", 2, 2, "f16", make_ring_gemm},
      {"gemm.mesh", 3, 3, "f16", make_ring_gemm},  {"gemm.summa", 2, 2, "f16", make_summa},
      {"gemv.ktree", 2, 1, "f16", make_gemv},      {"gemv.pipeline", 2, 1, "f16", make_gemv},
      {"layernorm", 2, 1, "f32", make_layernorm},  {"spmm", 2, 1, "f32", make_spmm},
      {"stencil.25pt", 2, 2, "f32", make_stencil}, {"stencil.7pt", 2, 2, "f32", make_stencil},
  };
  return kEntries;
}

}  // namespace

const std::vector<std::string>& matrix_kernel_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Entry& entry : entries()) names.push_back(entry.name);
    return names;
  }();
  return kNames;
}

MeshKernel make_matrix_kernel(const MatrixRequest& request) {
  const auto found = std::find_if(entries().begin(), entries().end(),
                                  [&](const Entry& entry) { return entry.name == request.kernel; });
  Problems problems;
  if (found == entries().end()) {
    const auto near = nearest_word(request.kernel, matrix_kernel_names());
    problems.add(
        {}, "kernel",
        fmt::format("unknown kernel '{}'{}", request.kernel, near ? " (did you mean '" + *near + "'?)" : ""));
    problems.throw_if_any();
  }
  if (request.grid.columns < found->columns || request.grid.rows < found->rows) {
    problems.add({}, "--grid",
                 fmt::format("{} needs at least {}x{} PEs, got {}", request.kernel, found->columns,
                             found->rows, spell(request.grid)));
  }
  if (!request.dtype.empty() && request.dtype != found->dtype) {
    const bool known = request.dtype == "f16" || request.dtype == "f32" || request.dtype == "mixed";
    problems.add(
        {}, "kernel.dtype",
        known ? fmt::format("{} computes in {} only, got '{}'", request.kernel, found->dtype, request.dtype)
              : fmt::format("the core has no such arithmetic: '{}' (it has f16, f32 and mixed)",
                            request.dtype));
  }
  if (request.m == 0 || request.k == 0 || request.n == 0)
    problems.add({}, "--size", "no dimension may be zero");
  if (request.mask != nullptr && (request.mask->rows() != request.m || request.mask->width() != request.k)) {
    problems.add({}, "kernel.mask",
                 fmt::format("a mask of {} x {} does not fit a matrix of {} x {}", request.mask->rows(),
                             request.mask->width(), request.m, request.k));
  }
  if (request.sparsity < 0 || request.sparsity >= 1) {
    problems.add({}, "kernel.sparsity",
                 fmt::format("expected a share from 0 to below 1, got {}", request.sparsity));
  }
  if (request.group > request.grid.columns) {
    problems.add(
        {}, "kernel.group",
        fmt::format("a group of {} PEs is longer than a row of {}", request.group, request.grid.columns));
  }
  problems.throw_if_any();
  return found->make(request);
}

}  // namespace wafersim
