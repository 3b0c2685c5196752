// Two runs, and a sentence.
#include "wafersim/cluster/execution.hpp"

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {

std::string conclusion_of(const StepOutcome& streaming, const StepOutcome& pipelined) {
  const double ratio = pipelined.samples_per_second / streaming.samples_per_second;
  if (ratio >= 1) {
    return fmt::format(
        "Pipelined execution is {:.2f} times as fast: its weights never move, while the streamed step is {}. "
        "Still, it is {}",
        ratio, streaming.bottleneck, pipelined.bottleneck);
  }
  return fmt::format(
      "Weight streaming is {:.2f} times as fast: it keeps the whole wafer on one layer at a time, and is {}; "
      "the "
      "pipelined step is {}",
      1 / ratio, streaming.bottleneck, pipelined.bottleneck);
}

}  // namespace

ExecutionComparison compare_executions(const MachineSpec& machine, const Workload& workload) {
  Workload way = workload;
  way.plan.recompute = Recompute::none;
  way.plan.execution = Execution::pipelined;
  ExecutionComparison both;
  both.pipelined = run_training_step(machine, way).outcome;
  way.plan.execution = Execution::weight_streaming;
  both.streaming = run_training_step(machine, way).outcome;
  if (both.pipelined.step.flops_done != both.streaming.step.flops_done) {
    throw InternalFault{
        fmt::format("pipelined execution counts {} floating-point operations, weight streaming {}",
                    to_decimal(both.pipelined.step.flops_done), to_decimal(both.streaming.step.flops_done))};
  }
  both.conclusion = conclusion_of(both.streaming.step, both.pipelined.step);
  return both;
}

}  // namespace wafersim
