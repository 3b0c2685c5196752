// Throughput of many workloads in one simulation, without reports. Once per process, as a run.
#pragma once

#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

struct TrainingCase {
  MachineSpec machine;
  Workload workload;
};

// Sequences a second in the steady step of each case, in their order. Throws InputError or DoesNotFit as a
// run does.
[[nodiscard]] std::vector<double> throughput_of(const std::vector<TrainingCase>& cases);

}  // namespace wafersim
