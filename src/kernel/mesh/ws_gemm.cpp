// Refuses weight-streaming products that cannot run, and makes the others.
#include "wafersim/kernel/mesh/ws_gemm.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/suggest.hpp"

#include "ws_gradient_tile.hpp"
#include "ws_programs.hpp"

namespace wafersim {
namespace {

[[noreturn]] void refuse(const std::string& key, const std::string& message) {
  throw InputError{Problem{{}, key, message}};
}

// Only what travels can be filtered by its sender.
void check_zeros(const WsRequest& r) {
  constexpr const char* kKey = "kernel.zeros";
  if (r.kernel != "ws.gradient")
    refuse(kKey, fmt::format("{} moves weights past activations that stay in their PEs: nothing that is zero "
                             "is sent there; ws.gradient sends deltas",
                             r.kernel));
  if (r.gradient == GradientStyle::by_weight)
    refuse(kKey,
           "by weight, a dot product takes all tokens at once, zeros too; kernel.gradient=delta filters");
  if (r.arithmetic == Arithmetic::fp32)
    refuse("kernel.dtype",
           "an index and an FP32 delta do not share a wavelet of 32 bits; kernel.zeros needs "
           "f16 or mixed");
}

void check(const WsRequest& r) {
  const auto& names = ws_names();
  if (std::find(names.begin(), names.end(), r.kernel) == names.end())
    refuse("kernel", "unknown kernel '" + r.kernel + "'");
  if (r.tokens == 0 || r.in == 0 || r.out == 0) refuse("--size", "M, K and N must be at least 1");
  if (r.groups == 0 || r.groups > r.grid.columns) {
    refuse("kernel.groups", fmt::format("{} column groups on a grid of {} columns: from 1 to {} are possible",
                                        r.groups, r.grid.columns, r.grid.columns));
  }
  const std::uint64_t computing = r.grid.columns / r.groups * r.groups;
  if (r.slow && (r.slow->column >= computing || r.slow->row >= r.grid.rows)) {
    refuse("kernel.slow_pe",
           fmt::format("PE {},{} is not among the {}x{} that compute: from 0,0 to {},{}", r.slow->column,
                       r.slow->row, computing, r.grid.rows, computing - 1, r.grid.rows - 1));
  }
  if (r.skip_block == 0) refuse("kernel.skip_block", "at least 1: then every weight counts alone");
  if (r.accumulators < 2) refuse("kernel.accumulators", "at least 2: one is filled while another is reduced");
  if (r.kernel != "ws.gradient" && r.mask != nullptr && r.arithmetic == Arithmetic::fp32) {
    refuse("kernel.dtype",
           "an index and an FP32 weight do not share a wavelet of 32 bits; sparse weights need f16 or mixed");
  }
  if (r.zeros) check_zeros(r);
  if (r.mask != nullptr && (r.mask->width() != r.in || r.mask->rows() != r.out)) {
    refuse("kernel.sparsity", fmt::format("a mask of {} x {} does not fit a matrix of {} x {}",
                                          r.mask->rows(), r.mask->width(), r.out, r.in));
  }
}

void check_memory(const WsRequest& r, std::uint64_t needed, const std::string& of) {
  const std::uint64_t room = r.parameters.memory_bytes - r.parameters.code_reserve_bytes;
  if (needed <= room) return;
  throw DoesNotFit{fmt::format(
      "a PE has {} bytes beside its code, the tile needs {}: {}; fewer tokens or a larger grid would do",
      room, needed, of)};
}

}  // namespace

MeshParameters ws_parameters(std::uint64_t wavelet_overhead) {
  MeshParameters parameters;
  const std::uint64_t issue = parameters.loaded_startup;
  parameters.repeat_dispatch =
      static_cast<std::uint32_t>(wavelet_overhead > issue ? wavelet_overhead - issue : 1);
  return parameters;
}

const std::vector<std::string>& ws_names() {
  static const std::vector<std::string> names{"ws.forward", "ws.delta", "ws.gradient"};
  return names;
}

WsProgram make_ws_gemm(const WsRequest& asked) {
  check(asked);
  WsRequest request = asked;
  if (request.mask != nullptr && request.skip_block > 1) {
    request.not_zero = request.mask;
    request.mask = std::make_shared<MaskSample>(request.mask->widened_to(request.skip_block));
  }
  const bool gradient = request.kernel == "ws.gradient";
  const WsTile tile{request};
  check_memory(request, gradient ? GradientTile{request}.memory_bytes : tile.memory_bytes,
               fmt::format("{} tokens of {} input and {} output features, {} partial sums", tile.tokens,
                           tile.features, tile.block, tile.sums.slots));
  return gradient ? make_ws_gradient(request) : make_ws_forward(request);
}

}  // namespace wafersim
