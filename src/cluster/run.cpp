// Plans the step, simulates it beside its what-if variants, checks the laws, and fills in the outcome.
#include "wafersim/cluster/run.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

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
  dense.plan.sparsity = {.seed = workload.plan.sparsity.seed,
                         .activations = workload.plan.sparsity.activations};  // no weights, as settled
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

// Whether a part is on the way of anything that a step moves. One that is not may be as fast as it likes.
bool is_used(Part part, const StepProgram& program, const Cluster& cluster) {
  const auto moves = [](const StoreWork& work) { return work.flash_reads > 0 || work.flash_writes > 0; };
  if (part == Part::flash) {
    return std::any_of(program.stored.begin(), program.stored.end(), [&](const StoredLayer& layer) {
      return layer.in_flash || moves(layer.stream) || moves(layer.update) || moves(layer.accumulate);
    });
  }
  return part != Part::swarmx || !cluster.switches().empty();
}

void check_failed_nodes(const ClusterSpec& cluster) {
  if (cluster.failed_nodes.empty() || cluster.on_failed_node == OnFailedNode::go_on) return;
  throw DoesNotFit{
      fmt::format("node {} has failed, and cluster.on_failed_node is 'stop': the step never completes; with "
                  "'continue' the other {} go on without it and its sequences",
                  cluster.failed_nodes.front(), working_nodes(cluster))};
}

// The plans of a run: of closed forms first; where the machine asks for more, what they needed to know of
// linear layers is then looked up on the mesh.
class Plans {
 public:
  Plans(const MachineSpec& machine, const Progress& progress) : machine_{machine}, progress_{progress} {
    if (machine.wafer.fidelity != Fidelity::flow) timer_.emplace(machine.wafer.fidelity);
  }

  PlannedRun by_closed_forms(const Workload& workload) {
    return plan_run(machine_, workload, masks_, timer());
  }
  // Of a plan that was made before.
  PlannedRun on_the_mesh(const PlannedRun& flow) {
    if (!timer_) return flow;
    timer_->measure(progress_);
    PlannedRun run = flow;
    run.step = plan_step(machine_, run.workload, run.wafer, masks_, timer());
    return run;
  }
  [[nodiscard]] MeshTimer* timer() { return timer_ ? &*timer_ : nullptr; }

 private:
  const MachineSpec& machine_;
  const Progress& progress_;
  MaskLibrary masks_;
  std::optional<MeshTimer> timer_;
};

// SystemC elaborates only once per process: nobody needs the memory again, and to take the modules apart and
// hand it back would cost a tenth of a run. It stays in reach, so that no leak is reported.
void keep(std::unique_ptr<Simulation> simulation) {
  static auto& kept = *new std::unique_ptr<Simulation>;
  kept = std::move(simulation);
}

RunResult simulate(const MachineSpec& machine, const Workload& workload, const Progress& progress,
                   Trace trace) {
  if (workload.plan.execution == Execution::pipelined) {
    return {.outcome = pipelined_outcome(machine, workload), .trace = {}};
  }
  check_failed_nodes(machine.cluster);
  Plans plans{machine, progress};
  const PlannedRun flow = plans.by_closed_forms(workload);
  const PlannedRun run = plans.on_the_mesh(flow);
  std::optional<PlannedRun> dense;
  std::string dense_refused;
  if (is_sparse(workload)) {
    try {
      dense = plans.on_the_mesh(plans.by_closed_forms(dense_twin(workload, run.wafer)));
    } catch (const DoesNotFit& refusal) {
      dense_refused = refusal.what();  // sparsity is what makes it fit: there is nothing to compare with
    }
  }

  auto simulation = std::make_unique<Simulation>();
  const Cluster& real = simulation->add(machine, workload.plan, run.step.program,
                                        {.name = "cluster", .infinite = {}, .explain = Trail::Mode::record});
  const auto what_if = [&](std::string_view name, std::vector<Part> infinite) {
    return &simulation->add(machine, workload.plan, run.step.program,
                            {.name = fmt::format("infinite_{}", name), .infinite = std::move(infinite)});
  };
  WhatIfs what_ifs;
  for (const Part part : kAllParts) {
    const bool used = is_used(part, run.step.program, real);
    what_ifs.one_part[index_of(part)] = used ? what_if(to_string(part), {part}) : &real;
  }
  what_ifs.stream = what_if("stream", {Part::io, Part::swarmx, Part::dram, Part::flash});
  const ClusterSpec& nodes = machine.cluster;
  if (!nodes.stragglers.empty() || nodes.jitter > Fraction{}) {
    what_ifs.equal_nodes = &simulation->add(machine, workload.plan, run.step.program,
                                            {.name = "equal_nodes", .infinite = {}, .equal_nodes = true});
  }
  const auto& faults = machine.swarmx.link_faults;
  if (std::any_of(faults.begin(), faults.end(), [](const LinkFault& it) { return it.rate > Fraction{}; })) {
    what_ifs.equal_links = &simulation->add(machine, workload.plan, run.step.program,
                                            {.name = "equal_links", .infinite = {}, .equal_links = true});
  }
  const Cluster* closed_forms = nullptr;  // if the mesh timed the products
  if (plans.timer() != nullptr) {
    closed_forms =
        &simulation->add(machine, workload.plan, flow.step.program, {.name = "flow", .infinite = {}});
  }
  const Cluster* dense_cluster = nullptr;
  std::optional<DenseSteps> dense_steps;
  std::optional<DenseStep> dense_step;
  if (dense) {
    dense_step = dense_steps.emplace(machine, dense->step.program).known();
  }
  if (dense && !dense_step) {
    dense_cluster = &simulation->add(machine, dense->workload.plan, dense->step.program,
                                     {.name = "dense", .infinite = {}, .explain = Trail::Mode::record});
  }
  simulation->run(progress);

  RunResult result;
  result.outcome = account(machine, run, real, what_ifs);
  if (is_sparse(workload)) result.outcome.sparsity = skipped_work(run, result.outcome);
  if (dense_cluster != nullptr) dense_step = dense_steps->take(*dense_cluster);
  if (dense_step) compare_with_dense(*result.outcome.sparsity, result.outcome, *dense_step);
  if (!dense_refused.empty()) result.outcome.sparsity->dense_refused = dense_refused;
  if (plans.timer() != nullptr) {
    result.outcome.fidelity = {.fidelity = machine.wafer.fidelity,
                               .products = plans.timer()->products(),
                               .flow_step_cycles = steady_step(*closed_forms)};
  }
  if (trace == Trace::kept) result.trace = trace_of(run, real);
  keep(std::move(simulation));
  return result;
}

}  // namespace

PlannedRun plan_run(const MachineSpec& machine, const Workload& workload, MaskLibrary& masks,
                    ProductTimer* timer) {
  PlannedRun run{.workload = workload,
                 .wafer = plan_wafer(machine.wafer, workload, machine.cluster.nodes, masks),
                 .step = {}};
  run.step = plan_step(machine, workload, run.wafer, masks, timer);
  return run;
}

RunResult run_training_step(const MachineSpec& machine, const Workload& workload, const Progress& progress,
                            Trace trace) {
  try {
    return simulate(machine, workload, progress, trace);
  } catch (const QuantityOverflow& overflow) {
    throw DoesNotFit{
        fmt::format("{} on {}: the run is too long or too large to count ({}): simulated time is kept in "
                    "64 bits of picoseconds, 213 days",
                    workload.graph.name, machine.name, overflow.what())};
  }
}

}  // namespace wafersim
