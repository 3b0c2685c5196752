// How much of the wafer each layer uses, and why it is little where it is.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "wafersim/config/derived.hpp"
#include "wafersim/wafer/layer_cost.hpp"
#include "wafersim/workload/summary.hpp"

#include "cluster/accounting.hpp"

namespace wafersim {

namespace {

// Below this share of what its arithmetic can reach, a report says why.
constexpr double kLittle = 0.25;
// A reason that takes less of a layer's time is not worth a word, if there is another.
constexpr double kWorthAWord = 0.1;

// Why a layer does less than it could, and the share of its time that this takes.
struct Loss {
  double share{};
  std::string why{};
};

// A layer as it lies on the wafer.
struct Placed {
  const WaferSpec& wafer;
  const TrainingPlan& plan;
  const Layer& layer;
  TokenLayout layout;  // of what meets a weight
};

std::string channels(const Layer& layer) {
  const char* what = layer.kind == OpKind::convolution ? "channels" : "features";
  if (layer.window.groups == 1) return fmt::format("{} {}", layer.in_features, what);
  return fmt::format("{} {} in {} groups", layer.in_features, what, layer.window.groups);
}

std::string rows(const Placed& at) {
  if (at.layer.kind == OpKind::recurrent) return fmt::format("{} sequences", at.layout.tokens());
  return fmt::format("{} {}", at.layout.tokens(), at.layer.extent.per_token() ? "tokens" : "positions");
}

bool is_pruned(const Placed& at) {
  return kept_matrix_weights(at.layer, at.plan.sparsity) < at.layer.matrix_weights;
}

// The share of a multiplication's time that passes beside its multiply-adds: the overhead of a weight that
// arrives, and lanes of the vector that are empty.
double overhead_of(const Placed& at) {
  const auto rate = static_cast<double>(fmacs_per_cycle(at.wafer.pe, arithmetic_of(at.plan)));
  const auto meets = static_cast<double>(at.layout.tokens_per_pe());
  const bool two_a_wavelet = at.plan.weights == Precision::fp16 && !is_pruned(at);
  const double overhead = static_cast<double>(at.wafer.pe.wavelet_overhead) / (two_a_wavelet ? 2 : 1);
  return 1 - meets / rate / (std::ceil(meets / rate) + overhead);
}

// The share of a multiplication's time that columns with fewer weights wait for the one with the most.
double unevenness_of(const Placed& at, const ColumnUse& use) {
  const Layer& layer = at.layer;
  const Fraction level = sparsity_level(layer, at.plan.sparsity);
  const std::uint64_t taps = window_task(layer, 1, 1).taps();
  const MaskSample mask{layer.in_features / layer.window.groups * taps, MaskSample::kRows, level,
                        at.plan.sparsity.seed};
  const std::uint64_t slowest = mask.slowest_column(use.inputs, at.wafer.pe.accumulators, MaskSample::kRows);
  const double kept = 1 - static_cast<double>(level.billionths) / static_cast<double>(Fraction::kOne);
  return 1 - static_cast<double>(use.inputs * MaskSample::kRows) * kept /
                 static_cast<double>(std::max<std::uint64_t>(slowest, 1));
}

// Of the time that useful products of an attention take, what rows add that wait for the one with the last
// tokens of a sequence, which meets every key.
double waiting_rows(const Placed& at) {
  const std::uint64_t sequence = at.layer.extent.positions(at.plan.sequence_length);
  const bool in_order = at.wafer.mapping.tokens == TokenOrder::in_order;
  if (!at.layer.attention.causal || at.layer.attention.window > 0 || !in_order ||
      at.layout.tokens_per_pe() >= sequence)
    return 0;
  return static_cast<double>(sequence * sequence) / static_cast<double>(token_pairs(sequence, true)) - 1;
}

std::vector<Loss> losses_of(const Placed& at, const LayerOutcome& row, double reach) {
  const Layer& layer = at.layer;
  const auto time = static_cast<double>((row.forward_cycles + row.backward_cycles).count());
  const auto share = [&](Cycles cycles) { return static_cast<double>(cycles.count()) / time; };
  const double efficiency =
      static_cast<double>(at.wafer.software_efficiency.billionths) / static_cast<double>(Fraction::kOne);
  const double compute = share(row.compute_cycles) * efficiency;
  const std::optional<ColumnUse> use = column_use(layer, at.layout);
  std::vector<Loss> losses;
  if (layer.kind == OpKind::attention) {
    const double products = row.utilization / reach;
    const double waiting = products * waiting_rows(at);
    losses.push_back({waiting, "tokens in order: rows wait for the one that meets every key"});
    losses.push_back({compute - products - waiting, "work beside its matrix products"});
  } else {
    losses.push_back({compute * overhead_of(at), fmt::format("{}: a weight that arrives meets {} in a PE",
                                                             rows(at), at.layout.tokens_per_pe())});
  }
  std::string over = "sums and neighbours";
  if (use) {
    losses.push_back(
        {compute * static_cast<double>(use->of - use->used) / static_cast<double>(use->of),
         fmt::format("{}: work for {} of {} columns of PEs", channels(layer), use->used, use->of)});
    if (is_pruned(at))
      losses.push_back(
          {compute * unevenness_of(at, *use), "columns wait for the one with most weights left"});
    over = fmt::format("{} over {} columns: {}", channels(layer), use->used, over);
  }
  losses.push_back({share(row.fabric_cycles) * efficiency, over});
  losses.push_back({share(row.compute_cycles + row.fabric_cycles) * (1 - efficiency),
                    "wafer.software_efficiency slows its kernels down"});
  losses.push_back({share(row.fill_cycles), fmt::format("{}: its kernels fill", rows(at))});
  losses.push_back({share(row.stream_wait_cycles), "it waits for its weights"});
  losses.push_back({share(row.reduce_wait_cycles), "it waits for gradients to leave"});
  losses.push_back({share(row.update_wait_cycles), "it waits for weights that are being updated"});
  return losses;
}

// The greatest loss, and every other that is worth a word.
std::string weakness_of(std::vector<Loss> losses) {
  std::stable_sort(losses.begin(), losses.end(),
                   [](const Loss& a, const Loss& b) { return a.share > b.share; });
  std::string out;
  for (const Loss& loss : losses) {
    if (!out.empty() && loss.share < kWorthAWord) break;
    out += fmt::format("{}{} ({:.0f} %)", out.empty() ? "" : "; ", loss.why, 100 * loss.share);
  }
  return out;
}

}  // namespace

void judge_use(const MachineSpec& machine, const PlannedRun& run, std::vector<LayerOutcome>& layers) {
  const TrainingPlan& plan = run.workload.plan;
  const WaferSpec& wafer = machine.wafer;
  const auto pes = static_cast<double>(wafer.grid.columns * wafer.grid.rows);
  const double peak_per_cycle = pes * 2.0 * static_cast<double>(wafer.pe.fmacs_fp16);
  const double reach = static_cast<double>(fmacs_per_cycle(wafer.pe, arithmetic_of(plan))) /
                       static_cast<double>(wafer.pe.fmacs_fp16);
  for (std::size_t id = 0; id < layers.size(); ++id) {
    const Layer& layer = run.workload.graph.layers[id];
    LayerOutcome& row = layers[id];
    row.flops = work_of(layer, plan, run.wafer.sequences()).done.total();
    const Cycles cycles = row.forward_cycles + row.backward_cycles;
    if (row.flops == 0 || cycles == Cycles{}) continue;
    row.utilization = static_cast<double>(row.flops) / (static_cast<double>(cycles.count()) * peak_per_cycle);
    if (row.utilization >= kLittle * reach) continue;
    const std::uint64_t sequences = run.wafer.micro_batches.front();
    std::uint64_t meet = sequences * product_rows(layer, plan.sequence_length);
    // State goes on token by token; the experts that come share the tokens.
    if (layer.kind == OpKind::recurrent) meet = sequences;
    const std::uint64_t experts =
        streamed_experts(layer.experts, plan.expert_stream, meet * working_nodes(machine.cluster));
    meet = multiply_divide_up(meet, layer.experts.active, experts);
    const Placed placed{wafer, plan, layer, TokenLayout{wafer.grid, run.wafer.mapping, meet}};
    row.weakness = weakness_of(losses_of(placed, row, reach));
  }
}

}  // namespace wafersim
