// How much of the wafer each layer uses, and why it is little where it is.
#include <vector>

#include <fmt/format.h>

#include "wafersim/wafer/layer_cost.hpp"
#include "wafersim/workload/summary.hpp"

#include "cluster/accounting.hpp"

namespace wafersim {

namespace {

// Below this share of the dense FP16 peak a report says why. Half of the peak is what FP16 into FP32 can
// reach.
constexpr double kLittle = 0.05;

std::string channels(const Layer& layer) {
  const char* what = layer.kind == OpKind::convolution ? "channels" : "features";
  if (layer.window.groups == 1) return fmt::format("{} {} come in", layer.in_features, what);
  return fmt::format("{} {} come in, in {} groups", layer.in_features, what, layer.window.groups);
}

// The first that holds: columns without work, too few positions for the overhead of a weight, few channels.
std::string weakness_of(const MachineSpec& machine, const Layer& layer, const TokenLayout& layout) {
  const std::optional<ColumnUse> use = column_use(layer, layout);
  if (use && 2 * use->used <= use->of)
    return fmt::format("{}: {} of {} columns of PEs have work", channels(layer), use->used, use->of);
  const std::uint64_t each = layout.tokens_per_pe();
  if (each <= machine.wafer.pe.wavelet_overhead * machine.wafer.pe.fmacs_fp16) {
    return fmt::format("{} {}: a weight that arrives meets {} in a PE", layout.tokens(),
                       layer.extent.per_token() ? "tokens" : "positions", each);
  }
  return channels(layer);
}

}  // namespace

void judge_use(const MachineSpec& machine, const PlannedRun& run, std::vector<LayerOutcome>& layers) {
  const TrainingPlan& plan = run.workload.plan;
  const auto pes = static_cast<double>(machine.wafer.grid.columns * machine.wafer.grid.rows);
  const double peak_per_cycle = pes * 2.0 * static_cast<double>(machine.wafer.pe.fmacs_fp16);
  for (std::size_t id = 0; id < layers.size(); ++id) {
    const Layer& layer = run.workload.graph.layers[id];
    LayerOutcome& row = layers[id];
    row.flops = work_of(layer, plan, run.wafer.sequences()).done.total();
    const Cycles cycles = row.forward_cycles + row.backward_cycles;
    if (row.flops == 0 || cycles == Cycles{}) continue;
    row.utilization = static_cast<double>(row.flops) / (static_cast<double>(cycles.count()) * peak_per_cycle);
    if (row.utilization >= kLittle) continue;
    const std::uint64_t positions = product_rows(layer, plan.sequence_length);
    const TokenLayout layout{machine.wafer.grid, run.wafer.mapping,
                             run.wafer.micro_batches.front() * positions};
    row.weakness = weakness_of(machine, layer, layout);
  }
}

}  // namespace wafersim
