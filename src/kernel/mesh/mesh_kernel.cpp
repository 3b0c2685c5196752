// Runs a kernel and looks at its end.
#include "wafersim/kernel/mesh/mesh_kernel.hpp"

#include <algorithm>

namespace wafersim {

namespace {

MeshKernelResult run_to_end(const MeshKernel& kernel, MeshEngine& engine, Departures& departures) {
  MeshKernelResult result;
  result.outcome = engine.run();
  result.counts = engine.counts();
  for (const PeAt at : kernel.last) {
    const PeActivity activity = engine.activity(at);
    if (activity.last_end < result.cycles) continue;
    result.cycles = activity.last_end;
    result.root = activity;
  }
  for (const EdgePort port : kernel.exits) {
    departures.push_back(engine.take_departures(port));
    if (!departures.back().empty())
      result.cycles = std::max(result.cycles, departures.back().back().cycle.count() + 1);
  }
  return result;
}

}  // namespace

MeshKernelResult time_mesh_kernel(const MeshKernel& kernel, MeshEngine& engine) {
  Departures departures;
  return run_to_end(kernel, engine, departures);
}

MeshKernelResult finish_mesh_kernel(const MeshKernel& kernel, MeshEngine& engine) {
  Departures departures;
  MeshKernelResult result = run_to_end(kernel, engine, departures);
  result.values_match = result.outcome.status == MeshStatus::finished && kernel.right(engine, departures);
  return result;
}

MeshKernelResult run_mesh_kernel(const MeshKernel& kernel, MeshEngine& engine) {
  kernel.load(engine);
  return finish_mesh_kernel(kernel, engine);
}

}  // namespace wafersim
