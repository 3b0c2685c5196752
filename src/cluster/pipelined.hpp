// A step by pipelined execution as an outcome: closed forms, no simulation.
#pragma once

#include "wafersim/cluster/outcome.hpp"
#include "wafersim/config/machine_spec.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// Without a batch, a step has as many sequences as by weight streaming. Throws InputError for what cannot be
// pipelined, DoesNotFit if the model cannot be resident.
[[nodiscard]] Outcome pipelined_outcome(const MachineSpec& machine, const Workload& workload);

}  // namespace wafersim
