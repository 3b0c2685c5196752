// One model on one wafer, run in both ways: weights streamed layer by layer, and resident in a pipeline of
// layers. Once per process, as a run.
#pragma once

#include <string>

#include "wafersim/cluster/run.hpp"

namespace wafersim {

struct ExecutionComparison {
  Outcome streaming;
  Outcome pipelined;
  std::string conclusion;  // which is faster, and why
};

// The same sequences in both, nothing recomputed. Throws InputError or DoesNotFit, also if the model cannot
// be resident.
[[nodiscard]] ExecutionComparison compare_executions(const MachineSpec& machine, const Workload& workload);

}  // namespace wafersim
