// The weight-streaming matrix products on the mesh. Forward and delta: weights travel down the columns that
// own their input feature and trigger multiply-accumulates; partial sums travel along the rows to the owner
// of the output feature. Gradient: deltas travel along the rows, and sums over the tokens go down the columns
// and leave.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/base/parse.hpp"
#include "wafersim/kernel/flow.hpp"
#include "wafersim/kernel/mask_sample.hpp"
#include "wafersim/kernel/mesh/mesh_kernel.hpp"
#include "wafersim/kernel/ws_flow.hpp"
#include "wafersim/mesh/engine.hpp"

namespace wafersim {

// Where the weights come from. `edge`: through ports at the west edge, one row for each column, from where
// they turn down the column; those rows lie above the ones that compute. `ports`: a row of PEs above plays
// the end of that way, so that a slice of a large grid can be run.
enum class WeightEntry { edge, ports };

// What if one PE were slow? It runs so many more cycles of scalar code in each task that a wavelet starts.
struct SlowPe {
  std::uint32_t column{}, row{};  // among those that compute
  std::uint32_t cycles = 1;
};

struct WsRequest {
  std::string kernel = "ws.forward";  // ws.delta: the same, of the transposed matrix; or ws.gradient
  GridSize grid{};                    // PEs that compute
  std::uint32_t tokens{};
  std::uint32_t in{};   // features that are summed over
  std::uint32_t out{};  // features of the result
  std::uint32_t groups = 1;
  Arithmetic arithmetic = Arithmetic::mixed;
  std::shared_ptr<const MaskSample> mask{};  // of `out` rows over `in` columns; null: dense
  std::uint32_t skip_block = 1;  // what if the core left weights out only in whole blocks of so many inputs?
  std::shared_ptr<const MaskSample>
      not_zero{};                  // where `mask` was widened to such blocks: what it was before
  std::uint32_t accumulators = 8;  // output features whose partial sums are in flight in a PE
  std::uint32_t block = 0;         // output features of an owner; 0: an even share of them
  bool integers = false;           // small whole numbers, so that every sum is exact
  bool numbers = true;             // false: all are zero, where only cycles matter
  WeightEntry entry = WeightEntry::ports;
  MeshParameters parameters{};
  std::optional<SlowPe> slow{};  // the closed form knows nothing of it
  // Zeros among the deltas, which the relays of a gradient by delta filter; nothing: none are drawn, none
  // filtered.
  std::optional<Fraction> zeros{};
  std::uint64_t zeros_seed = 1;
  std::optional<GradientStyle> gradient{};  // how ws.gradient multiplies; none: as takes fewer cycles
};

// The parameters of the mesh with the cycles that a machine gives beside a repeated data-triggered
// instruction: its dispatch, and the issue of the loaded instruction.
[[nodiscard]] MeshParameters ws_parameters(std::uint64_t wavelet_overhead = 2);

struct WsProgram {
  MeshKernel kernel;
  // One result, to compare with another computation: of a token and an output feature, or, of a gradient, of
  // an output and an input feature, once the run has been judged.
  std::function<float(const MeshEngine&, std::uint32_t row, std::uint32_t column)> result;
};

[[nodiscard]] const std::vector<std::string>& ws_names();
// Throws InputError if a size is wrong, DoesNotFit if a tile exceeds a PE's memory.
[[nodiscard]] WsProgram make_ws_gemm(const WsRequest& request);

// Cycles from the start to the last result in its owner's memory, by the closed form of docs/model.md.
[[nodiscard]] std::uint64_t ws_closed_form(const WsRequest& request);

// The same of a gradient, to the last sum that leaves.
[[nodiscard]] std::uint64_t gradient_closed_form(const WsRequest& request);
[[nodiscard]] GradientStyle gradient_style_of(const WsRequest& request);

// The inputs of the product, the same for every layout of it. A weight that the mask prunes is 0.
[[nodiscard]] float ws_activation(const WsRequest& request, std::uint32_t token, std::uint32_t feature);
[[nodiscard]] float ws_delta(const WsRequest& request, std::uint32_t token, std::uint32_t output);
[[nodiscard]] float ws_weight(const WsRequest& request, std::uint32_t output, std::uint32_t input);

}  // namespace wafersim
