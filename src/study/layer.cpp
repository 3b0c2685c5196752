// Chooses a mapping for each level, times the product, and divides its cycles.
#include "wafersim/study/layer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/time.hpp"
#include "wafersim/base/wide.hpp"
#include "wafersim/config/derived.hpp"
#include "wafersim/kernel/mesh/ws_timer.hpp"
#include "wafersim/kernel/ws_flow.hpp"
#include "wafersim/wafer/layer_mask.hpp"
#include "wafersim/wafer/layer_traffic.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kMostGroups = 64;

// The matrix as a training step has it: a linear layer, and a plan that prunes it.
Layer layer_of(const LayerRequest& request) {
  Layer layer;
  layer.kind = OpKind::linear;
  layer.in_features = request.in;
  layer.out_features = request.out;
  layer.matrix_weights = request.in * request.out;
  return layer;
}

TrainingPlan plan_of(const LayerRequest& request, Fraction pruned) {
  TrainingPlan plan;
  plan.sequence_length = 1;
  plan.weights = request.arithmetic == Arithmetic::fp32 ? Precision::fp32 : Precision::fp16;
  plan.sparsity = {.level = pruned, .pattern = request.mask, .seed = request.seed};
  return plan;
}

[[noreturn]] void refuse(const std::string& message) {
  throw InputError{{.at = {.file = "layer"}, .key = {}, .message = message}};
}

void check_mask(const LayerRequest& request) {
  const MaskPattern& mask = request.mask;
  if (mask.block > kLargestBlock)
    refuse(
        fmt::format("the mask {} has larger blocks than {} weights, the most", spell(mask), kLargestBlock));
  if (mask.of == 0) return;
  if (mask.of > kMostOfM)
    refuse(fmt::format("the mask {} chooses of more than {}, the most", spell(mask), kMostOfM));
  if (!request.pruned.empty())
    refuse(fmt::format(
        "the mask {} fixes the level {}: leave --sparsity out, or take --mask uniform or block:SIZE",
        spell(mask), spell(mask.pruned())));
  if (request.in % mask.of != 0)
    refuse(fmt::format("the mask {} needs inputs that are a multiple of {}, such as {}, got {}", spell(mask),
                       mask.of, divide_up(request.in, mask.of) * mask.of, request.in));
}

void check(const LayerRequest& request) {
  if (request.in == 0 || request.out == 0 || request.tokens == 0)
    refuse("expected features and tokens above 0");
  check_mask(request);
  for (const Fraction pruned : request.pruned) {
    if (kept_of(layer_of(request), plan_of(request, pruned)) == 0)
      refuse(fmt::format("a sparsity of {} keeps none of {} x {} weights", spell(pruned), request.out,
                         request.in));
  }
}

std::vector<Fraction> levels_of(const LayerRequest& request) {
  std::vector<Fraction> levels{Fraction{}};
  for (const Fraction pruned : request.pruned) {
    if (pruned.billionths > 0) levels.push_back(pruned);
  }
  if (request.mask.of > request.mask.keep) levels.push_back(request.mask.pruned());
  return levels;
}

// What the fullest PE keeps: inputs and results of its tokens, and partial sums in flight.
Bytes tile_bytes(const FlowContext& c, const LayerRequest& request) {
  const std::uint64_t features = c.layout.features_per_pe(request.in) + c.layout.features_per_pe(request.out);
  const std::uint64_t sums = c.wafer.pe.accumulators * accumulator_bytes(c.arithmetic);
  return Bytes{c.layout.tokens_per_pe() * (features * operand_bytes(c.arithmetic) + sums)};
}

// One level of sparsity on one machine.
class Level {
 public:
  Level(const WaferSpec& wafer, const LayerRequest& request, Fraction pruned)
      : wafer_{wafer}, request_{request}, pruned_{pruned} {
    const Layer layer = layer_of(request);
    const TrainingPlan plan = plan_of(request, pruned);
    kept_ = kept_of(layer, plan);
    shape_ = matrix_of(layer, plan, pruned, kept_, wafer.pe.skip_block, masks_);
    streamed_ = weights_of(layer, plan, 1, shape_.kept).bytes();
  }

  LayerLevel run(const std::function<void(double)>& progress) const {
    const FlowContext flow = fastest();
    const KernelCost by_flow = linear_forward(flow, shape_);
    KernelCost cost = by_flow;
    LayerLevel level{.pruned = pruned_,
                     .kept = kept_,
                     .sent = shape_.kept,
                     .groups = flow.layout.mapping().groups,
                     .columns = flow.layout.feature_columns(),
                     .tokens_per_pe = flow.layout.tokens_per_pe(),
                     .streamed = streamed_,
                     .time = {},
                     .flow = by_flow.busy(),
                     .limit = {}};
    if (request_.fidelity != Fidelity::flow) {
      MeshTimer timer{request_.fidelity};
      FlowContext mesh = flow;
      mesh.timer = &timer;
      (void)linear_forward(mesh, shape_);  // notes what is wanted
      timer.measure(progress);
      cost = linear_forward(mesh, shape_);
      const TimedProduct& product = timer.products().front();
      if (!product.why_not.empty()) throw DoesNotFit{"no program on the mesh: " + product.why_not};
      level.outputs_run = product.outputs_run;
    }
    level.time = divide(flow, cost);
    return level;
  }

 private:
  [[nodiscard]] FlowContext with_groups(std::uint64_t groups) const {
    return {.wafer = wafer_,
            .arithmetic = request_.arithmetic,
            .layout = {wafer_.grid, {.groups = groups, .bands = 1}, request_.tokens}};
  }

  // The mapping that the closed form finds fastest.
  [[nodiscard]] FlowContext fastest() const {
    const Bytes room = tensor_sram_of_pe(wafer_);
    std::optional<FlowContext> best;
    Cycles least;
    Bytes smallest = Bytes::max();
    const std::uint64_t pinned = wafer_.mapping.groups.value_or(0);
    const std::uint64_t most = std::min(kMostGroups, wafer_.grid.columns);
    for (std::uint64_t groups = pinned > 0 ? pinned : 1; groups <= (pinned > 0 ? pinned : most); ++groups) {
      const FlowContext context = with_groups(groups);
      smallest = std::min(smallest, tile_bytes(context, request_));
      if (tile_bytes(context, request_) > room) continue;
      const Cycles cycles = linear_forward(context, shape_).total();
      if (best && cycles >= least) continue;
      best.emplace(context);
      least = cycles;
    }
    if (best) return *best;
    throw DoesNotFit{fmt::format("{} tokens with {} + {} features need {} of a PE, where {} are left",
                                 request_.tokens, request_.in, request_.out, spell(smallest), spell(room))};
  }

  // The mean column's work is known; what of the rest is columns that wait for the fullest one says the mask.
  [[nodiscard]] LayerTime divide(const FlowContext& c, const KernelCost& cost) const {
    const RowTime row = row_time(c, shape_);
    std::uint64_t left = cost.busy().count();
    const auto take = [&](std::uint64_t wanted) {
      const std::uint64_t taken = std::min(wanted, left);
      left -= taken;
      return Cycles{taken};
    };
    LayerTime time;
    time.products = take(of_kept(row.mean_beats));
    time.overhead = take(of_kept(row.overhead));
    time.zeros = take(row.mean_beats + row.overhead - of_kept(row.mean_beats) - of_kept(row.overhead));
    time.imbalance = take(waiting(c, row));
    time.reduction = Cycles{left};
    time.fill = cost.fill;
    const Cycles stream = cycles_in(transfer_time(streamed_, io_bandwidth(wafer_.io)), wafer_.clock);
    time.streaming = stream - std::min(stream, cost.busy());
    time.total = cost.total() + time.streaming;
    return time;
  }

  // Of cycles that are spent on all that is sent, those on weights that are kept.
  [[nodiscard]] std::uint64_t of_kept(std::uint64_t cycles) const {
    return multiply_divide_up(cycles, kept_, shape_.kept);
  }

  [[nodiscard]] std::uint64_t waiting(const FlowContext& c, const RowTime& row) const {
    if (shape_.mask == nullptr) return 0;
    const std::uint64_t columns = c.layout.columns_used(shape_.in);
    const std::uint64_t fullest =
        shape_.mask->slowest_column(c.layout.features_per_pe(shape_.in), wafer_.pe.accumulators, shape_.out);
    const std::uint64_t mean = divide_up(shape_.kept, columns);
    const std::uint64_t work = row.mean_beats + row.overhead;
    return fullest > mean ? multiply_divide_up(work, fullest - mean, mean) : 0;
  }

  const WaferSpec& wafer_;
  const LayerRequest& request_;
  Fraction pruned_;
  MaskLibrary masks_;
  std::uint64_t kept_{};
  MatrixShape shape_;  // of all that is sent
  Bytes streamed_;
};

std::string limit_of(const LayerTime& time) {
  const std::array<std::pair<const char*, Cycles>, 6> losses{{{"overhead of arriving weights", time.overhead},
                                                              {"zeros that fill up blocks", time.zeros},
                                                              {"uneven columns", time.imbalance},
                                                              {"reduction", time.reduction},
                                                              {"streaming", time.streaming},
                                                              {"fill", time.fill}}};
  return std::max_element(losses.begin(), losses.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

}  // namespace

LayerReport study_layer(const MachineSpec& machine, const LayerRequest& request) {
  check(request);
  const std::vector<Fraction> levels = levels_of(request);
  LayerReport report{
      .request = request, .machine = machine.name, .skip_block = machine.wafer.pe.skip_block, .levels = {}};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto progress = [&](double done) {
      if (request.on_progress)
        request.on_progress((static_cast<double>(i) + done) / static_cast<double>(levels.size()));
    };
    LayerLevel level = Level{machine.wafer, request, levels[i]}.run(progress);
    const LayerLevel& dense = report.levels.empty() ? level : report.levels.front();
    level.speedup =
        static_cast<double>(dense.time.total.count()) / static_cast<double>(level.time.total.count());
    level.ideal = static_cast<double>(dense.kept) / static_cast<double>(level.kept);
    level.limit = limit_of(level.time);
    report.levels.push_back(std::move(level));
  }
  return report;
}

}  // namespace wafersim
