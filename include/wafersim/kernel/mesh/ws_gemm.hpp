// The weight-streaming matrix product on the mesh: weights travel down the columns that own their input
// feature and trigger multiply-accumulates; partial sums travel along the rows to the owner of the output
// feature.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wafersim/base/parse.hpp"
#include "wafersim/kernel/flow.hpp"
#include "wafersim/kernel/mask_sample.hpp"
#include "wafersim/kernel/mesh/mesh_kernel.hpp"
#include "wafersim/mesh/engine.hpp"

namespace wafersim {

// Where the weights come from. `edge`: through ports at the west edge, one row for each column, from where
// they turn down the column; those rows lie above the ones that compute. `ports`: a row of PEs above plays
// the end of that way, so that a slice of a large grid can be run.
enum class WeightEntry { edge, ports };

struct WsRequest {
  std::string kernel = "ws.forward";  // or ws.delta: the same, of the transposed matrix
  GridSize grid;                      // PEs that compute
  std::uint32_t tokens{};
  std::uint32_t in{};   // features that are summed over
  std::uint32_t out{};  // features of the result
  std::uint32_t groups = 1;
  Arithmetic arithmetic = Arithmetic::mixed;
  std::shared_ptr<const MaskSample> mask{};  // of `out` rows over `in` columns; null: dense
  std::uint32_t accumulators = 8;            // output features whose partial sums are in flight in a PE
  bool integers = false;                     // small whole numbers, so that every sum is exact
  WeightEntry entry = WeightEntry::ports;
  MeshParameters parameters{};
};

// The parameters of the mesh with the cycles that a machine gives beside a repeated data-triggered
// instruction: its dispatch, and the issue of the loaded instruction.
[[nodiscard]] MeshParameters ws_parameters(std::uint64_t wavelet_overhead = 2);

struct WsProgram {
  MeshKernel kernel;
  // One result, to compare with another computation.
  std::function<float(const MeshEngine&, std::uint32_t token, std::uint32_t feature)> result;
};

[[nodiscard]] const std::vector<std::string>& ws_names();
// Throws InputError if a size is wrong, DoesNotFit if a tile exceeds a PE's memory.
[[nodiscard]] WsProgram make_ws_gemm(const WsRequest& request);

// Cycles from the start to the last result in its owner's memory, by the closed form of docs/model.md.
[[nodiscard]] std::uint64_t ws_closed_form(const WsRequest& request);

// The inputs of the product, the same for every layout of it.
[[nodiscard]] float ws_activation(const WsRequest& request, std::uint32_t token, std::uint32_t feature);
[[nodiscard]] float ws_weight(const WsRequest& request, std::uint32_t output, std::uint32_t input);

}  // namespace wafersim
