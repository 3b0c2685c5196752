// The slowest layer sets the pace; what it does in each period is what the step does.
#include "cluster/pipelined.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/wafer/pipeline.hpp"

#include "cluster/accounting.hpp"
#include "cluster/stations.hpp"

namespace wafersim {

namespace {

void require(bool holds, const char* key, const std::string& message) {
  if (!holds) throw InputError{{.at = {}, .key = key, .message = message}};
}

void check(const MachineSpec& machine, const TrainingPlan& plan) {
  require(machine.cluster.nodes == 1, "cluster.nodes",
          fmt::format("pipelined execution is for one node, got {}; 1 would do", machine.cluster.nodes));
  require(plan.mode == StepMode::train, "workload.execution",
          "pipelined execution is of training steps, not of mode: evaluate; weight_streaming would do");
  const Sparsity& sparsity = plan.sparsity;
  require(sparsity.level == Fraction{} && sparsity.exceptions.empty() && sparsity.kept.empty(),
          "workload.execution",
          "pipelined execution keeps whole matrices, and the workload prunes some; weight_streaming, or a "
          "sparsity.level of 0 without exceptions, would do");
}

// The step with one part infinitely fast, on the same columns.
Cycles step_without(PipelinePlan plan, Part part) {
  plan.period = {};
  for (const PipelineStage& stage : plan.stages) {
    const KernelCost cost = stage.cost();
    plan.period = std::max(plan.period, (part == Part::compute ? Cycles{} : cost.compute) +
                                            (part == Part::fabric ? Cycles{} : cost.fabric));
  }
  if (part == Part::fill) plan.depth = 1;
  if (part == Part::update) plan.update = {};
  return plan.step();
}

std::vector<PartOutcome> attribution_of(const PipelinePlan& plan) {
  const KernelCost slowest = plan.slowest().cost();
  CyclesByPart parts{};
  parts[index_of(Part::compute)] = slowest.compute * plan.sequences;
  parts[index_of(Part::fabric)] = slowest.fabric * plan.sequences;
  parts[index_of(Part::fill)] = plan.period * plan.filling();
  parts[index_of(Part::update)] = plan.update;
  std::vector<PartOutcome> rows;
  for (const Part part : kAllParts) {
    rows.push_back(
        {.part = part, .cycles = parts[index_of(part)], .step_cycles_if_infinite = step_without(plan, part)});
  }
  return rows;
}

LayerOutcome layer_of(const MachineSpec& machine, const Layer& layer, const PipelinePlan& plan,
                      const PipelineStage& stage) {
  const KernelCost cost = stage.cost();
  LayerOutcome row;
  row.name = layer.name;
  row.kind = to_string(layer.kind);
  row.forward_cycles = stage.forward.busy() * plan.sequences;
  row.backward_cycles = stage.backward.busy() * plan.sequences;
  row.compute_cycles = row.parts[index_of(Part::compute)] = cost.compute * plan.sequences;
  row.fabric_cycles = row.parts[index_of(Part::fabric)] = cost.fabric * plan.sequences;
  row.update_cycles = plan.update;
  row.weights = row.nonzero_weights = layer.owned_weights();
  row.flops = Wide{2} * cost.fmacs * plan.sequences;
  const WaferSpec& wafer = machine.wafer;
  const Wide peak = Wide{2} * wafer.pe.fmacs_fp16 * stage.columns * wafer.grid.rows * plan.step().count();
  row.utilization = static_cast<double>(row.flops) / static_cast<double>(peak);
  return row;
}

PipelineOutcome pipeline_of(const MachineSpec& machine, const Workload& workload, const PipelinePlan& plan) {
  double work = 0;
  for (const PipelineStage& stage : plan.stages)
    work += static_cast<double>(stage.busy().count()) * static_cast<double>(stage.columns);
  const auto all = static_cast<double>(plan.period.count() * machine.wafer.grid.columns);
  return {.layers = plan.stages.size(),
          .columns = plan.columns,
          .depth = plan.depth,
          .period = plan.period,
          .slowest_layer = workload.graph.layers[plan.slowest().layer].name,
          .balance = work / all,
          .filling = static_cast<double>((plan.period * plan.filling()).count()) /
                     static_cast<double>(plan.step().count())};
}

WaferWork work_on_wafer(const PipelinePlan& plan) {
  WaferWork work;
  for (const PipelineStage& stage : plan.stages) {
    const KernelCost cost = stage.cost();
    work.fmacs += Wide{cost.fmacs} * plan.sequences;
    work.wavelet_hops += Wide{cost.wavelet_hops} * plan.sequences;
    work.sram_bytes += Wide{cost.sram_accesses} * plan.sequences;
  }
  return work;
}

}  // namespace

Outcome pipelined_outcome(const MachineSpec& machine, const Workload& workload) {
  check(machine, workload.plan);
  Workload kept = workload;
  kept.plan.recompute = Recompute::none;  // activations stay where they are
  MaskLibrary masks;
  const std::optional<std::uint64_t> wanted = sequences_per_node(kept.plan, 1);
  const std::uint64_t sequences = wanted ? *wanted : plan_wafer(machine.wafer, kept, 1, masks).sequences();
  const PipelinePlan plan = plan_pipeline(machine.wafer, kept, sequences, masks);
  const WaferWork work = work_on_wafer(plan);

  Outcome outcome;
  outcome.mode = kept.plan.mode;
  outcome.nodes = 1;
  outcome.sequences_per_node = sequences;
  outcome.tokens_per_node = sequences * kept.plan.sequence_length;
  outcome.bytes_per_parameter = plan.bytes_per_weight;
  outcome.parameters = kept.graph.parameters();
  outcome.plan.sram = {
      .items = {{.name = "the fullest layer's weights, state and activations", .bytes = plan.fullest().sram}},
      .capacity = machine.wafer.pe.sram};
  outcome.step = step_figures(machine, kept, sequences, plan.step(), work);
  if (2 * work.fmacs != outcome.step.flops_done) {
    throw InternalFault{fmt::format("the layers of the pipeline do {} operations, the graph counts {}",
                                    to_decimal(2 * work.fmacs), to_decimal(outcome.step.flops_done))};
  }
  for (const PipelineStage& stage : plan.stages)
    outcome.layers.push_back(layer_of(machine, kept.graph.layers[stage.layer], plan, stage));
  outcome.zeros = zeros_of(kept, {}, {});
  outcome.attribution = attribution_of(plan);
  outcome.stations = wafer_stations(machine, work, plan.step(), outcome.attribution.front().cycles);
  outcome.step_cycles_if_stream_infinite = plan.step();
  outcome.memory = {{.name = "wafer.sram",
                     .used = plan.fullest().sram,
                     .capacity = machine.wafer.pe.sram,
                     .largest = kept.graph.layers[plan.fullest().layer].name}};
  outcome.pipeline = pipeline_of(machine, kept, plan);
  outcome.step.bottleneck = fmt::format(
      "bound by {}, for which all other layers wait: between two sequences the PEs work for {:.1f} % of the "
      "time, and for {:.1f} % of the step the pipeline fills and drains",
      outcome.pipeline->slowest_layer, 100 * outcome.pipeline->balance, 100 * outcome.pipeline->filling);
  return outcome;
}

}  // namespace wafersim
