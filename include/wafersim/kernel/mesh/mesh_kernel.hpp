// A program on the mesh with all that is needed to run it and to judge the result.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "wafersim/mesh/engine.hpp"

namespace wafersim {

// What left the grid, by port of the kernel's exits.
using Departures = std::vector<std::vector<EdgeWavelet>>;

struct MeshKernel {
  MeshPlan plan;
  std::function<void(MeshEngine&)> load;  // writes the operands into the PEs
  // Compares the results with a plain computation.
  std::function<bool(const MeshEngine&, const Departures&)> right;
  std::vector<PeAt> last;          // PEs whose end is the end of the kernel
  std::uint64_t closed_form{};     // cycles
  std::uint64_t compute{};         // of these: what the PE with most to do would take if all data were there
  bool rows_judged_alone = false;  // `right` asks engines which rows keep values, and looks at these only
  std::string no_program{};        // why only the closed form is known; empty if the kernel can run
  std::vector<EdgePort> exits{};   // ports through which results leave; the last to leave may end the kernel
};

struct MeshKernelResult {
  MeshOutcome outcome;
  std::uint64_t cycles{};  // from cycle 0 to the end of the last PE that matters
  bool values_match = false;
  MeshCounts counts;
  PeActivity root;  // where the cycles of the PE that ends last went
};
// Runs a loaded engine to its end, but leaves the values alone.
[[nodiscard]] MeshKernelResult time_mesh_kernel(const MeshKernel& kernel, MeshEngine& engine);
// Runs an engine, made from the kernel's plan and loaded with its operands, to its end and looks at the
// result.
[[nodiscard]] MeshKernelResult finish_mesh_kernel(const MeshKernel& kernel, MeshEngine& engine);
// The same, loading it first.
[[nodiscard]] MeshKernelResult run_mesh_kernel(const MeshKernel& kernel, MeshEngine& engine);

}  // namespace wafersim
