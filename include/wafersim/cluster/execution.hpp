// One model on one wafer, run in both ways: weights streamed layer by layer, and resident in a pipeline of
// layers. Once per process, as a run.
#pragma once

#include <string>

#include "wafersim/cluster/run.hpp"
#include "wafersim/wafer/pipeline.hpp"

namespace wafersim {

struct Execution {
  Cycles step;
  double samples_per_second{};
  Wide flops{};
};

struct ExecutionComparison {
  std::uint64_t sequences{};  // of the step, of both
  Execution streaming;
  Execution pipelined;
  PipelinePlan pipeline;
  std::string slowest_layer;  // of the pipeline
  Bytes fullest_pe;
  double balance{};        // share of the pipeline's PE cycles between two sequences that are work
  double filling{};        // share of the pipelined step in which it fills and drains
  std::string conclusion;  // which is faster, and why
};

// Nothing is recomputed in either way. Throws InputError or DoesNotFit, also if the model cannot be resident.
[[nodiscard]] ExecutionComparison compare_executions(const MachineSpec& machine, const Workload& workload);

}  // namespace wafersim
