// Checks what fits, makes the engine, runs it, and collects what the report needs.
#include "wafersim/study/kernel_run.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/mesh/deadlock.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kMostSystemCModules = 20'000;  // PEs that are still bearable
constexpr Cycles kSystemCSlice{64};                    // cycles between two looks at `stop`

void refuse_too_many_modules(const KernelRunRequest& request) {
  const std::uint64_t pes = request.kernel.grid.columns * request.kernel.grid.rows;
  if (request.engine != MeshEngineKind::systemc || pes <= kMostSystemCModules) return;
  throw DoesNotFit{fmt::format("the SystemC engine takes up to {} PEs, got {} (the fast one takes all)",
                               kMostSystemCModules, pes)};
}

std::unique_ptr<MeshEngine> make_engine(const KernelRunRequest& request, const Collective& collective) {
  if (request.engine == MeshEngineKind::systemc) return make_reference_engine(collective.plan, request.trace);
  FastEngineOptions options{.threads = request.threads, .stop = request.stop};
  if (request.progress) {
    options.progress = [&, cycles = static_cast<double>(collective.closed_form)](double done) {
      request.progress(std::min(1.0, done / cycles));
    };
  }
  return make_fast_engine(collective.plan, options);
}

// The fast engine looks at `stop` by itself; the other one is asked for a slice at a time.
MeshOutcome run_to_end(const KernelRunRequest& request, const Collective& collective, MeshEngine& engine) {
  if (request.engine == MeshEngineKind::fast) return engine.run();
  MeshOutcome outcome;
  while (outcome.status == MeshStatus::running) {
    outcome = engine.advance(engine.now() + kSystemCSlice);
    if (request.stop != nullptr && request.stop->load()) outcome.status = MeshStatus::interrupted;
    if (request.progress) {
      request.progress(std::min(
          1.0, static_cast<double>(engine.now().count()) / static_cast<double>(collective.closed_form)));
    }
  }
  return outcome;
}

KernelReport report_of(const KernelRunRequest& request, const Collective& collective,
                       const CollectiveResult& result, double host_seconds) {
  return {.kernel = request.kernel.kernel,
          .grid = request.kernel.grid,
          .size = {request.kernel.length},
          .cycles = result.cycles,
          .closed_form = collective.closed_form,
          .pe_costs = collective.pe_costs,
          .published = collective.published,
          .shares = collective.shares,
          .values_match = result.values_match,
          .counts = result.counts,
          .last_pe = result.root,
          .outcome = result.outcome,
          .engine = request.engine == MeshEngineKind::fast ? "fast" : "systemc",
          .host_seconds = host_seconds};
}

}  // namespace

KernelRun run_kernel(const KernelRunRequest& request) {
  refuse_too_many_modules(request);
  require_host_memory(host_memory_for(request.kernel.grid, request.engine), request.kernel.grid);
  const Collective collective = make_collective(request.kernel);
  const Cycles expected{collective.closed_form};
  const HostNeed need = host_need(collective.plan, expected, request.engine);
  require_host_memory(need.memory, request.kernel.grid);
  if (request.expected) request.expected(need, expected);

  const auto engine = make_engine(request, collective);
  load_initial_values(collective, *engine);
  if (request.starts) request.starts();
  const std::clock_t start = std::clock();
  const MeshOutcome outcome = run_to_end(request, collective, *engine);
  const double seconds = std::max(1e-9, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  if (request.ends) request.ends();
  KernelRun run;
  if (outcome.status == MeshStatus::interrupted) {
    run.interrupted = true;
    return run;
  }
  run.report = report_of(request, collective, run_collective(collective, *engine), seconds);
  if (outcome.status == MeshStatus::deadlock) {
    run.deadlock =
        fmt::format("deadlock at cycle {}\n{}", outcome.cycles.count(), to_string(explain_deadlock(*engine)));
  }
  return run;
}

}  // namespace wafersim
