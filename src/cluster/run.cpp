// Plans the step, simulates it beside its what-if variants, checks the laws, and fills in the outcome.
#include "wafersim/cluster/run.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/time.hpp"
#include "wafersim/cluster/cluster.hpp"
#include "wafersim/cluster/step_program.hpp"
#include "wafersim/config/derived.hpp"
#include "wafersim/workload/summary.hpp"

#include "cluster/accounting.hpp"
#include "cluster/pipelined.hpp"
#include "cluster/simulation.hpp"

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

void check_failed_nodes(const ClusterSpec& cluster) {
  if (cluster.failed_nodes.empty() || cluster.on_failed_node == OnFailedNode::go_on) return;
  throw DoesNotFit{
      fmt::format("node {} has failed, and cluster.on_failed_node is 'stop': the step never completes; with "
                  "'continue' the other {} go on without it and its sequences",
                  cluster.failed_nodes.front(), working_nodes(cluster))};
}

RunResult simulate(const MachineSpec& machine, const Workload& workload, const Progress& progress) {
  if (workload.plan.execution == Execution::pipelined) {
    return {.outcome = pipelined_outcome(machine, workload), .trace = {}};
  }
  check_failed_nodes(machine.cluster);
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

  Simulation simulation;
  const Cluster& real = simulation.add(machine, workload.plan, run.step.program,
                                       {.name = "cluster", .infinite = {}, .explain = Trail::Mode::record});
  const auto what_if = [&](std::string_view name, std::vector<Part> infinite) {
    return &simulation.add(machine, workload.plan, run.step.program,
                           {.name = fmt::format("infinite_{}", name), .infinite = std::move(infinite)});
  };
  WhatIfs what_ifs;
  for (const Part part : kAllParts) what_ifs.one_part[index_of(part)] = what_if(to_string(part), {part});
  what_ifs.stream = what_if("stream", {Part::io, Part::swarmx, Part::dram, Part::flash});
  const ClusterSpec& nodes = machine.cluster;
  if (!nodes.stragglers.empty() || nodes.jitter > Fraction{}) {
    what_ifs.equal_nodes = &simulation.add(machine, workload.plan, run.step.program,
                                           {.name = "equal_nodes", .infinite = {}, .equal_nodes = true});
  }
  const auto& faults = machine.swarmx.link_faults;
  if (std::any_of(faults.begin(), faults.end(), [](const LinkFault& it) { return it.rate > Fraction{}; })) {
    what_ifs.equal_links = &simulation.add(machine, workload.plan, run.step.program,
                                           {.name = "equal_links", .infinite = {}, .equal_links = true});
  }
  const Cluster* dense_cluster = nullptr;
  if (dense) {
    dense_cluster = &simulation.add(machine, dense->workload.plan, dense->step.program,
                                    {.name = "dense", .infinite = {}, .explain = Trail::Mode::record});
  }
  simulation.run(progress);

  RunResult result;
  result.outcome = account(machine, run, real, what_ifs);
  if (is_sparse(workload)) result.outcome.sparsity = skipped_work(run, result.outcome);
  if (dense) compare_with_dense(*result.outcome.sparsity, result.outcome, *dense_cluster);
  if (!dense_refused.empty()) result.outcome.sparsity->dense_refused = dense_refused;
  result.trace = trace_of(run, real);
  return result;
}

}  // namespace

PlannedRun plan_run(const MachineSpec& machine, const Workload& workload, MaskLibrary& masks) {
  PlannedRun run{.workload = workload,
                 .wafer = plan_wafer(machine.wafer, workload, machine.cluster.nodes, masks),
                 .step = {}};
  run.step = plan_step(machine, workload, run.wafer, masks);
  return run;
}

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
