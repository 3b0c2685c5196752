// What a step means for the weight store: its traffic, its DRAM's patterns, the wear of its flash.
#pragma once

#include "wafersim/cluster/outcome.hpp"
#include "wafersim/config/machine_spec.hpp"

#include "cluster/accounting.hpp"

namespace wafersim {

// `outcome` already has the step, nodes, tokens and parameters.
[[nodiscard]] StoreOutcome store_outcome(const MachineSpec& machine, const PlannedRun& run,
                                         const Outcome& outcome);

}  // namespace wafersim
