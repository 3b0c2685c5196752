// Turns a workload on a wafer plan into the fixed order of operations that every module follows.
#pragma once

#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/memoryx/optimizer.hpp"
#include "wafersim/memoryx/placement.hpp"
#include "wafersim/memoryx/store_work.hpp"
#include "wafersim/stream/program.hpp"
#include "wafersim/wafer/mapper.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// Work on one wafer in one step beside time.
struct WaferWork {
  Wide fmacs{};
  Wide fmacs_of_zeros{};  // more of them: see KernelCost
  Wide fmacs_filtered{};  // fewer of both: see KernelCost
  Wide wavelet_hops{};
  Wide sram_bytes{};
};

struct PlannedStep {
  StepProgram program;
  Placement placement;
  std::vector<StoreWorks::Used> dram_patterns;  // that streaming and updating use
  WaferWork work;
  std::vector<Cycles> saved;  // by layer: cycles that filtered zeros spare
};

[[nodiscard]] OptimizerKind optimizer_kind(Optimizer optimizer);

// What MemoryX keeps of each layer, under the plan's optimizer.
[[nodiscard]] std::vector<ByTensor<Bytes>> stored_bytes(const Workload& workload);

// Products take their time from `timer`, or from closed forms if it is null. Throws DoesNotFit if MemoryX is
// too small.
[[nodiscard]] PlannedStep plan_step(const MachineSpec& machine, const Workload& workload,
                                    const WaferPlan& plan, MaskLibrary& masks, ProductTimer* timer = nullptr);

}  // namespace wafersim
