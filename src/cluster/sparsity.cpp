// What sparsity saved, what it would save ideally, and where the difference went.
#include <algorithm>

#include "wafersim/cluster/attribution.hpp"
#include "wafersim/wafer/layer_traffic.hpp"
#include "wafersim/workload/summary.hpp"

#include "cluster/accounting.hpp"

namespace wafersim {

namespace {

std::uint64_t weights_skipped(const PlannedRun& run) {
  std::uint64_t skipped = 0;
  for (const Layer& layer : run.workload.graph.layers) {
    if (layer.tied_to || layer.matrix_weights == 0) continue;
    skipped += layer.matrix_weights - kept_matrix_weights(layer, run.workload.plan.sparsity);
  }
  return skipped;
}

double ratio(Wide a, Wide b) {
  return b == 0 ? 1.0 : static_cast<double>(a) / static_cast<double>(b);
}

}  // namespace

SparsityOutcome skipped_work(const PlannedRun& run, const Outcome& outcome) {
  SparsityOutcome sparsity;
  sparsity.weights_skipped = weights_skipped(run);
  sparsity.flops_skipped = outcome.step.flops_skipped;
  TrainingPlan dense = run.workload.plan;
  dense.sparsity = {};
  Bytes with;
  Bytes without;
  for (const StepOp& op : run.step.program.ops) {
    if (op.weights.empty()) continue;
    with += op.weights.bytes();
    const std::uint64_t sequences = run.wafer.micro_batches[op.micro_batch] * outcome.nodes;
    const Layer& layer = run.workload.graph.layers[op.layer];
    without += weights_of(layer, dense, sequences, layer.matrix_weights).bytes();
  }
  sparsity.bytes_skipped = without > with ? without - with : Bytes{};
  sparsity.bytes_added = with > without ? with - without : Bytes{};
  sparsity.ideal_speedup =
      ratio(outcome.step.flops_done + outcome.step.flops_skipped, outcome.step.flops_done);
  return sparsity;
}

void compare_with_dense(SparsityOutcome& sparsity, const Outcome& outcome, const DenseStep& dense) {
  sparsity.dense_step_cycles = dense.cycles;
  sparsity.speedup = ratio(sparsity.dense_step_cycles.count(), outcome.step.cycles.count());

  // The ideal step is the dense one with every part scaled by the share of operations that remain.
  const Wide all = (outcome.step.flops_done + outcome.step.flops_skipped) >> 10U;
  const auto remaining =
      static_cast<Wide>(sparsity.dense_step_cycles.count()) * (outcome.step.flops_done >> 10U);
  sparsity.ideal_step_cycles = Cycles{narrow(all == 0 ? 0 : remaining / all)};
  std::array<std::uint64_t, kParts> weights{};
  for (std::size_t i = 0; i < kParts; ++i) weights[i] = dense.parts[i].count();
  const CyclesByPart ideal = split(sparsity.ideal_step_cycles, weights, Part::compute);
  for (const PartOutcome& part : outcome.attribution) {
    const std::size_t i = index_of(part.part);
    sparsity.lost_cycles[i] =
        static_cast<std::int64_t>(part.cycles.count()) - static_cast<std::int64_t>(ideal[i].count());
  }
}

}  // namespace wafersim
