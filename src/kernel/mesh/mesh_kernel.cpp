// Runs a kernel and looks at its end.
#include "wafersim/kernel/mesh/mesh_kernel.hpp"

namespace wafersim {

MeshKernelResult finish_mesh_kernel(const MeshKernel& kernel, MeshEngine& engine) {
  MeshKernelResult result;
  result.outcome = engine.run();
  result.counts = engine.counts();
  for (const PeAt at : kernel.last) {
    const PeActivity activity = engine.activity(at);
    if (activity.last_end < result.cycles) continue;
    result.cycles = activity.last_end;
    result.root = activity;
  }
  result.values_match = result.outcome.status == MeshStatus::finished && kernel.right(engine);
  return result;
}

MeshKernelResult run_mesh_kernel(const MeshKernel& kernel, MeshEngine& engine) {
  kernel.load(engine);
  return finish_mesh_kernel(kernel, engine);
}

}  // namespace wafersim
