// What `wafersim kernel` tells: the cycles of one kernel on the mesh, beside its closed form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/base/parse.hpp"
#include "wafersim/kernel/mesh/collective.hpp"
#include "wafersim/mesh/engine.hpp"

namespace wafersim {

// wavelet: every PE, every wavelet; folded: of rows that provably do the same, one runs for all; flow: the
// closed form alone.
enum class KernelFidelity : std::uint8_t { wavelet, folded, flow };
[[nodiscard]] constexpr std::string_view name_of(KernelFidelity fidelity) {
  return fidelity == KernelFidelity::wavelet  ? "wavelet"
         : fidelity == KernelFidelity::folded ? "folded"
                                              : "flow";
}

struct KernelReport {
  std::string kernel;
  GridSize grid;
  std::vector<std::uint64_t> size;  // elements a PE; or M, K and N of a matrix product
  std::string dtype{};              // as in `kernel.dtype`; empty: that of the kernel
  std::uint64_t cycles{};
  std::uint64_t closed_form{};
  std::uint64_t pe_costs{};  // of it: scalar code, dispatch, start-up on the way that decides the end
  // Instead of these: what the PE with most to do would take if all data were there.
  std::optional<std::uint64_t> compute{};
  std::optional<double> published{};    // the published model of the body: all but the PE costs
  std::optional<CycleShares> shares{};  // of the closed form
  KernelFidelity fidelity = KernelFidelity::wavelet;
  std::uint64_t rows_simulated{};      // of the grid
  std::optional<bool> values_match{};  // of what was simulated; nothing: not compared
  MeshCounts counts{};
  PeActivity last_pe{};  // where the cycles of the PE that ends last went
  MeshOutcome outcome{};
  // About this run of the program, not about the wafer: these may differ from run to run.
  std::string engine{};
  double host_seconds{};

  [[nodiscard]] std::uint64_t body() const { return cycles - pe_costs; }
  [[nodiscard]] std::uint64_t communication() const { return cycles - compute.value_or(0); }
  [[nodiscard]] std::uint64_t pe_cycles() const {
    return outcome.cycles.count() * grid.columns * rows_simulated;
  }
};

[[nodiscard]] std::string write_text(const KernelReport& report);
// Schema "wafersim.kernel/1".
[[nodiscard]] std::string write_json(const KernelReport& report);

}  // namespace wafersim
