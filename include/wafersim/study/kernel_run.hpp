// Runs one kernel on one of the engines of the mesh: from the request to the report.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "wafersim/kernel/mesh/collective.hpp"
#include "wafersim/kernel/mesh/matrix.hpp"
#include "wafersim/kernel/mesh/ws_gemm.hpp"
#include "wafersim/mesh/host.hpp"
#include "wafersim/report/kernel_report.hpp"
#include "wafersim/wafer/reference/reference_mesh.hpp"

namespace wafersim {

// One request for each family of kernels.
using KernelRequest = std::variant<CollectiveRequest, MatrixRequest, WsRequest>;
[[nodiscard]] const GridSize& grid_of(const KernelRequest& request);
// Of all families, sorted.
[[nodiscard]] std::vector<std::string> kernel_names();

struct KernelRunRequest {
  KernelRequest kernel;
  KernelFidelity fidelity = KernelFidelity::wavelet;
  MeshEngineKind engine = MeshEngineKind::fast;
  std::uint32_t threads = 1;                // of the fast engine
  std::optional<TraceRequest> trace{};      // of the SystemC engine
  const std::atomic<bool>* stop = nullptr;  // set from outside while it runs: end soon
  std::function<void(const HostNeed& need, Cycles expected)>
      expected{};                               // called before anything large is made
  std::function<void()> starts{};               // just before the engine runs
  std::function<void(double done)> progress{};  // from 0 to 1, while it runs
  std::function<void()> ends{};                 // just after
};

struct KernelRun {
  KernelReport report;
  bool interrupted = false;               // then there is no report
  std::optional<std::string> deadlock{};  // what waits for what, if nothing moves any more
};
// Throws InputError if the kernel cannot be made so, DoesNotFit if a PE or this computer has too little
// memory.
[[nodiscard]] KernelRun run_kernel(const KernelRunRequest& request);

}  // namespace wafersim
