// From what the modules counted to the figures of the outcome.
#pragma once

#include <array>
#include <vector>

#include "wafersim/cluster/cluster.hpp"
#include "wafersim/cluster/ledger.hpp"
#include "wafersim/cluster/outcome.hpp"
#include "wafersim/cluster/run.hpp"
#include "wafersim/cluster/step_program.hpp"

#include "cluster/dense_step.hpp"

namespace wafersim {

struct PlannedRun {
  Workload workload;
  WaferPlan wafer;
  PlannedStep step;
};

// Products of linear layers take their time from `timer`, or from closed forms if it is null. Throws
// InputError or DoesNotFit.
[[nodiscard]] PlannedRun plan_run(const MachineSpec& machine, const Workload& workload, MaskLibrary& masks,
                                  ProductTimer* timer = nullptr);

// The same step with parts of the machine infinitely fast.
struct WhatIfs {
  std::array<const Cluster*, kParts> one_part{};
  const Cluster* stream{};       // everything between the store and the wafer's edge
  const Cluster* equal_nodes{};  // no stragglers, no jitter; null if there are none
  const Cluster* equal_links{};  // no slow links; null if there are none
};

// A steady step of so many cycles, in which each node trains on `sequences` sequences.
[[nodiscard]] StepOutcome step_figures(const MachineSpec& machine, const Workload& workload,
                                       std::uint64_t sequences, Cycles cycles, const WaferWork& work);

// Everything but the sparsity section. Throws InternalFault if a law is broken.
[[nodiscard]] Outcome account(const MachineSpec& machine, const PlannedRun& run, const Cluster& cluster,
                              const WhatIfs& what_ifs);

// What a sparse run skipped, before anything is compared.
[[nodiscard]] SparsityOutcome skipped_work(const PlannedRun& run, const Outcome& outcome);
// The dense twin's step beside it, and where the savings went.
void compare_with_dense(SparsityOutcome& sparsity, const Outcome& outcome, const DenseStep& dense);

[[nodiscard]] std::vector<TraceSpan> trace_of(const PlannedRun& run, const Cluster& cluster);

// Cycles of the last simulated step.
[[nodiscard]] Cycles steady_step(const Cluster& cluster);

// What becomes of the zeros that relus leave, relu by relu. A step that was not planned in operations saves
// nothing.
[[nodiscard]] std::vector<ZerosOutcome> zeros_of(const Workload& workload, const WaferPlan& plan,
                                                 const PlannedStep& step);

// Fills the use that each layer makes of the wafer, and says what keeps it from making more.
void judge_use(const MachineSpec& machine, const PlannedRun& run, std::vector<LayerOutcome>& layers);

}  // namespace wafersim
