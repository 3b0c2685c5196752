// Gathers what follows from a workload without a machine.
#include "wafersim/report/description.hpp"

#include "wafersim/cluster/step_program.hpp"

namespace wafersim {

WorkloadDescription describe_workload(const LoadedWorkload& loaded) {
  WorkloadDescription description{.resolved = loaded.resolved,
                                  .workload = loaded.workload,
                                  .summary = summarize(loaded.workload),
                                  .sequence = budget_of_one_sequence(loaded.workload),
                                  .stored = {}};
  for (const ByTensor<Bytes>& layer : stored_bytes(loaded.workload)) {
    description.stored.weights += layer.weights;
    description.stored.gradients += layer.gradients;
    description.stored.optimizer += layer.optimizer;
  }
  return description;
}

}  // namespace wafersim
