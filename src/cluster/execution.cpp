// The pipeline by closed forms beside a simulated step.
#include "wafersim/cluster/execution.hpp"

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/time.hpp"

namespace wafersim {

namespace {

std::string conclusion_of(const ExecutionComparison& both, const std::string& bottleneck) {
  const double ratio = both.pipelined.samples_per_second / both.streaming.samples_per_second;
  const std::string pipeline = fmt::format(
      "the pipeline fills and drains for {:.1f} % of the step, and between two sequences its PEs work for "
      "{:.1f} % of the "
      "time, since all layers wait for {}",
      100 * both.filling, 100 * both.balance, both.slowest_layer);
  if (ratio >= 1) {
    return fmt::format(
        "Pipelined execution is {:.2f} times as fast: its weights never move, while the streamed step is {}. "
        "Still, {}",
        ratio, bottleneck, pipeline);
  }
  return fmt::format(
      "Weight streaming is {:.2f} times as fast: {}, while the streamed step keeps the whole wafer on one "
      "layer "
      "at a time and is {}",
      1 / ratio, pipeline, bottleneck);
}

}  // namespace

ExecutionComparison compare_executions(const MachineSpec& machine, const Workload& workload) {
  if (machine.cluster.nodes != 1) {
    throw InputError{{.at = {},
                      .key = "cluster.nodes",
                      .message = fmt::format("pipelined execution is for one node, got {}; 1 would do",
                                             machine.cluster.nodes)}};
  }
  Workload kept = workload;
  kept.plan.recompute = Recompute::none;
  const Outcome outcome = run_training_step(machine, kept).outcome;
  MaskLibrary masks;
  ExecutionComparison both;
  both.sequences = outcome.sequences_per_node;
  both.streaming = {.step = outcome.step.cycles,
                    .samples_per_second = outcome.step.samples_per_second,
                    .flops = outcome.step.flops_done};
  both.pipeline = plan_pipeline(machine.wafer, kept, both.sequences, masks);
  const PipelinePlan& plan = both.pipeline;
  const auto seconds = static_cast<double>(time_of(plan.step, machine.wafer.clock).count()) * 1e-12;
  both.pipelined = {.step = plan.step,
                    .samples_per_second = static_cast<double>(plan.sequences) / seconds,
                    .flops = 2 * plan.fmacs};
  if (both.pipelined.flops != both.streaming.flops) {
    throw InternalFault{
        fmt::format("pipelined execution counts {} floating-point operations, weight streaming {}",
                    to_decimal(both.pipelined.flops), to_decimal(both.streaming.flops))};
  }
  both.slowest_layer = workload.graph.layers[plan.slowest().layer].name;
  both.fullest_pe = plan.fullest().sram;
  double work = 0;
  for (const PipelineStage& stage : plan.stages)
    work += static_cast<double>(stage.busy.count()) * static_cast<double>(stage.columns);
  both.balance =
      work / (static_cast<double>(plan.period.count()) * static_cast<double>(machine.wafer.grid.columns));
  both.filling = static_cast<double>(plan.period.count()) * static_cast<double>(2 * (plan.depth - 1)) /
                 static_cast<double>(plan.step.count());
  both.conclusion = conclusion_of(both, outcome.step.bottleneck);
  return both;
}

}  // namespace wafersim
