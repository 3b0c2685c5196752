// Plans the step, simulates it beside its what-if variants, checks the laws, and fills in the outcome.
#include "wafersim/cluster/run.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/time.hpp"
#include "wafersim/cluster/cluster.hpp"
#include "wafersim/cluster/step_program.hpp"
#include "wafersim/workload/summary.hpp"

#include "cluster/accounting.hpp"

namespace wafersim {

namespace {

// The same workload with nothing pruned, on micro-batches of the same size.
Workload dense_twin(const Workload& workload, const WaferPlan& plan) {
  Workload dense = workload;
  dense.plan.sparsity.level = {};
  dense.plan.sparsity.exceptions.clear();
  dense.plan.micro_batch = plan.micro_batches.front();
  dense.plan.global_batch.reset();
  dense.plan.tokens_per_node = plan.sequences() * workload.plan.sequence_length;
  return dense;
}

bool is_sparse(const Workload& workload) {
  return std::any_of(workload.graph.layers.begin(), workload.graph.layers.end(), [&](const Layer& layer) {
    return layer.matrix_weights > 0 &&
           kept_matrix_weights(layer, workload.plan.sparsity) < layer.matrix_weights;
  });
}

// All clusters live side by side in one simulation, because SystemC elaborates only once.
class Simulation {
 public:
  explicit Simulation(const MachineSpec& machine) : machine_{machine} {}

  const Cluster& add(const TrainingPlan& plan, const StepProgram& program, const Scenario& scenario) {
    clusters_.push_back(
        std::make_unique<Cluster>(scenario.name.c_str(), machine_, plan, program, scenario, faults_));
    return *clusters_.back();
  }

  void run(const Progress& progress) {
    if (progress) {
      run_in_slices(progress);
    } else {
      sc_core::sc_start();
    }
    faults_.rethrow_if_any();
    for (const auto& cluster : clusters_) {
      if (cluster->finished()) continue;
      throw InternalFault{fmt::format("the simulation came to a halt: {}", cluster->waiting_for())};
    }
  }

 private:
  // The same events in the same order, but control comes back now and then.
  void run_in_slices(const Progress& progress) {
    sc_core::sc_start(sc_core::SC_ZERO_TIME);  // before this nothing is pending
    // Picoseconds; doubled, so that even a year of simulated time has few slices.
    std::uint64_t slice = 1'000'000;
    while (sc_core::sc_pending_activity() && sc_core::sc_get_status() != sc_core::SC_STOPPED) {
      const std::uint64_t left = ~std::uint64_t{0} - sc_core::sc_time_stamp().value();
      const auto began = std::chrono::steady_clock::now();
      sc_core::sc_start(sc_core::sc_time::from_value(std::min(slice, left)));
      if (std::chrono::steady_clock::now() - began < std::chrono::milliseconds{20})
        slice = std::min(slice * 2, left);
      double done = 0;
      for (const auto& cluster : clusters_)
        done += cluster->progress() / static_cast<double>(clusters_.size());
      progress(done);
    }
  }

  const MachineSpec& machine_;
  Faults faults_;
  std::vector<std::unique_ptr<Cluster>> clusters_;
};

PlannedRun plan_run(const MachineSpec& machine, const Workload& workload, MaskLibrary& masks) {
  PlannedRun run{.workload = workload,
                 .wafer = plan_wafer(machine.wafer, workload, machine.cluster.nodes, masks),
                 .step = {}};
  run.step = plan_step(machine, workload, run.wafer, masks);
  return run;
}

RunResult simulate(const MachineSpec& machine, const Workload& workload, const Progress& progress) {
  MaskLibrary masks;
  const PlannedRun run = plan_run(machine, workload, masks);
  std::optional<PlannedRun> dense;
  std::string dense_refused;
  if (is_sparse(workload)) {
    try {
      dense = plan_run(machine, dense_twin(workload, run.wafer), masks);
    } catch (const DoesNotFit& refusal) {
      dense_refused = refusal.what();  // sparsity is what makes it fit: there is nothing to compare with
    }
  }

  Simulation simulation{machine};
  const Cluster& real = simulation.add(workload.plan, run.step.program,
                                       {.name = "cluster", .infinite = {}, .explain = Trail::Mode::record});
  const auto what_if = [&](std::string_view name, std::vector<Part> infinite) {
    return &simulation.add(workload.plan, run.step.program,
                           {.name = fmt::format("infinite_{}", name), .infinite = std::move(infinite)});
  };
  WhatIfs what_ifs;
  for (const Part part : kAllParts) what_ifs.one_part[index_of(part)] = what_if(to_string(part), {part});
  what_ifs.stream = what_if("stream", {Part::io, Part::swarmx, Part::dram, Part::flash});
  const Cluster* dense_cluster = nullptr;
  if (dense) {
    dense_cluster = &simulation.add(dense->workload.plan, dense->step.program,
                                    {.name = "dense", .infinite = {}, .explain = Trail::Mode::record});
  }
  simulation.run(progress);

  RunResult result;
  result.outcome = account(machine, run, real, what_ifs);
  if (is_sparse(workload)) result.outcome.sparsity = skipped_work(run, result.outcome);
  if (dense) compare_with_dense(*result.outcome.sparsity, result.outcome, *dense, *dense_cluster);
  if (!dense_refused.empty()) result.outcome.sparsity->dense_refused = dense_refused;
  result.trace = trace_of(run, real);
  return result;
}

}  // namespace

RunResult run_training_step(const MachineSpec& machine, const Workload& workload, const Progress& progress) {
  try {
    return simulate(machine, workload, progress);
  } catch (const QuantityOverflow& overflow) {
    throw DoesNotFit{
        fmt::format("{} on {}: the run is too long or too large to count ({}): simulated time is kept in "
                    "64 bits of picoseconds, 213 days",
                    workload.graph.name, machine.name, overflow.what())};
  }
}

}  // namespace wafersim
