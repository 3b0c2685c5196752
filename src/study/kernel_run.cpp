// Checks what fits, makes the engine, runs it, and collects what the report needs.
#include "wafersim/study/kernel_run.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/mesh/deadlock.hpp"
#include "wafersim/mesh/fold.hpp"

#include "study/runnable_kernel.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kMostSystemCModules = 20'000;  // PEs that are still bearable
constexpr Cycles kSystemCSlice{64};                    // cycles between two looks at `stop`

void refuse_too_many_modules(const KernelRunRequest& request) {
  if (request.engine == MeshEngineKind::systemc && request.fidelity != KernelFidelity::wavelet) {
    throw InputError{Problem{
        {},
        "--fidelity",
        "the SystemC engine runs every PE: expected wavelet, got " + std::string{name_of(request.fidelity)}}};
  }
  const GridSize grid = grid_of(request.kernel);
  const std::uint64_t pes = grid.columns * grid.rows;
  if (request.engine != MeshEngineKind::systemc || pes <= kMostSystemCModules) return;
  throw DoesNotFit{fmt::format("the SystemC engine takes up to {} PEs, got {} (the fast one takes all)",
                               kMostSystemCModules, pes)};
}

std::unique_ptr<MeshEngine> make_engine(const KernelRunRequest& request, const RunnableKernel& kernel) {
  if (request.engine == MeshEngineKind::systemc) return make_reference_engine(kernel.plan, request.trace);
  FastEngineOptions options{.threads = request.threads, .stop = request.stop};
  if (request.progress) {
    options.progress = [&, cycles = static_cast<double>(kernel.report.closed_form)](double done) {
      request.progress(std::min(1.0, done / cycles));
    };
  }
  return request.fidelity == KernelFidelity::folded ? make_folded_engine(kernel.plan, options)
                                                    : make_fast_engine(kernel.plan, options);
}

// Rows whose PEs run at least, so that no run is refused that would have fitted.
std::uint64_t rows_at_least(const KernelRunRequest& request, const MeshPlan& plan) {
  return request.fidelity == KernelFidelity::wavelet ? plan.grid.rows : rows_tried_first(plan);
}

HostNeed share_of(const HostNeed& whole, std::uint64_t rows, std::uint64_t all) {
  const double share = static_cast<double>(rows) / static_cast<double>(all);
  return {Bytes{whole.memory.count() / all * rows}, whole.cpu_seconds * share};
}

// The fast engine looks at `stop` by itself; the other one is asked for a slice at a time.
MeshOutcome run_to_end(const KernelRunRequest& request, const RunnableKernel& kernel, MeshEngine& engine) {
  if (request.engine == MeshEngineKind::fast) return engine.run();
  MeshOutcome outcome;
  while (outcome.status == MeshStatus::running) {
    outcome = engine.advance(engine.now() + kSystemCSlice);
    if (request.stop != nullptr && request.stop->load()) outcome.status = MeshStatus::interrupted;
    if (request.progress) {
      request.progress(std::min(
          1.0, static_cast<double>(engine.now().count()) / static_cast<double>(kernel.report.closed_form)));
    }
  }
  return outcome;
}

KernelRun flow_of(const RunnableKernel& kernel) {
  KernelRun run{.report = kernel.report};
  run.report.fidelity = KernelFidelity::flow;
  run.report.cycles = kernel.report.closed_form;
  return run;
}

}  // namespace

const GridSize& grid_of(const KernelRequest& request) {
  return std::visit([](const auto& it) -> const GridSize& { return it.grid; }, request);
}

std::vector<std::string> kernel_names() {
  std::vector<std::string> names = collective_names();
  names.insert(names.end(), matrix_kernel_names().begin(), matrix_kernel_names().end());
  names.insert(names.end(), ws_names().begin(), ws_names().end());
  std::sort(names.begin(), names.end());
  return names;
}

KernelRun run_kernel(const KernelRunRequest& request) {
  refuse_too_many_modules(request);
  const GridSize grid = grid_of(request.kernel);
  if (request.fidelity == KernelFidelity::wavelet)
    require_host_memory(host_memory_for(grid, request.engine), grid);
  const RunnableKernel kernel = make_runnable(request.kernel);
  const Cycles expected{kernel.report.closed_form};
  if (request.fidelity == KernelFidelity::flow) return flow_of(kernel);
  if (!kernel.no_program.empty()) throw DoesNotFit{kernel.no_program};
  const std::uint64_t rows = rows_at_least(request, kernel.plan);
  const HostNeed need = share_of(host_need(kernel.plan, expected, request.engine), rows, grid.rows);
  require_host_memory(need.memory, grid);
  if (request.expected) request.expected(need, expected);

  const auto engine = make_engine(request, kernel);
  kernel.load(*engine);
  if (request.starts) request.starts();
  const std::clock_t start = std::clock();
  const MeshOutcome outcome = run_to_end(request, kernel, *engine);
  const double seconds = std::max(1e-9, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  if (request.ends) request.ends();
  KernelRun run;
  if (outcome.status == MeshStatus::interrupted) {
    run.interrupted = true;
    return run;
  }
  run.report = kernel.report;
  kernel.judge(*engine, run.report);
  run.report.outcome = outcome;
  // Where nothing could be folded, every wavelet was there.
  const bool whole = engine->rows_run() == kernel.plan.grid.rows;
  run.report.fidelity = whole ? KernelFidelity::wavelet : request.fidelity;
  run.report.rows_simulated = engine->rows_run();
  run.report.engine = request.engine == MeshEngineKind::fast ? "fast" : "systemc";
  run.report.host_seconds = seconds;
  if (outcome.status == MeshStatus::deadlock) {
    run.deadlock =
        fmt::format("deadlock at cycle {}\n{}", outcome.cycles.count(), to_string(explain_deadlock(*engine)));
  }
  return run;
}

}  // namespace wafersim
