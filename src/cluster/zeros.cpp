// Zeros of activations: which deltas share them, and whether the gradient gains from it.
#include "cluster/accounting.hpp"

namespace wafersim {

namespace {

std::string why_not(const Workload& workload, LayerId before, bool alone, bool filter_zeros) {
  const TrainingPlan& plan = workload.plan;
  if (plan.mode == StepMode::evaluate)
    return "a forward pass moves weights past activations: no zero travels";
  if (plan.execution == Execution::pipelined) return "resident layers are computed without a filter";
  if (plan.accumulate == Accumulate::fp32) return "an index and an FP32 delta do not share a wavelet";
  const Layer& layer = workload.graph.layers[before];
  if (!alone) return "other layers take the same input, too, and add their deltas";
  if (!has_zeros_to_filter(layer)) return "the layer before is no linear one, nor a convolution of one tap";
  if (!filter_zeros) return "the filter would not save cycles on this wafer, whose memory its indices take";
  return "its gradient takes no fewer cycles with a filter";
}

Cycles gradient_of(const StepProgram& program, LayerId layer) {
  Cycles sum;
  for (const StepOp& op : program.ops) {
    if (op.layer == layer && op.pass == Pass::gradient) sum += op.compute + op.fabric + op.fill;
  }
  return sum;
}

}  // namespace

std::vector<ZerosOutcome> zeros_of(const Workload& workload, const WaferPlan& plan, const PlannedStep& step) {
  const Graph& graph = workload.graph;
  const std::vector<std::optional<LayerId>> relus = relus_behind(graph);
  std::vector<ZerosOutcome> all;
  for (LayerId id = 0; id < graph.layers.size(); ++id) {
    const Layer& relu = graph.layers[id];
    const Fraction share = output_zeros(relu, workload.plan.sparsity);
    if (share.billionths == 0) continue;
    const LayerId before = relu.inputs.front();
    const bool alone = relus[before] == id;
    ZerosOutcome row;
    row.relu = relu.name;
    row.share = share;
    if (alone) row.layer = graph.layers[before].name;
    if (alone) row.gradient_cycles = gradient_of(step.program, before);
    if (before < step.saved.size()) row.saved_cycles = step.saved[before];
    if (row.saved_cycles == Cycles{}) row.why_not = why_not(workload, before, alone, plan.filter_zeros);
    all.push_back(std::move(row));
  }
  return all;
}

}  // namespace wafersim
