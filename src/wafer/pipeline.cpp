// Strips of equal throughput.
#include "wafersim/wafer/pipeline.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/wafer/layer_traffic.hpp"
#include "wafersim/workload/summary.hpp"

namespace wafersim {

namespace {

// FP32 master, moments and gradient beside the copy that is computed with, all on the wafer.
std::uint64_t resident_bytes(const TrainingPlan& plan) {
  const std::uint64_t moments = plan.optimizer == Optimizer::sgd        ? 0
                                : plan.optimizer == Optimizer::momentum ? 1
                                                                        : 2;
  return weight_bytes(plan) + 4 * (1 + moments) + 4;
}

class Planner {
 public:
  Planner(const WaferSpec& wafer, const Workload& workload, MaskLibrary& masks)
      : wafer_{wafer}, workload_{workload}, masks_{masks} {
    // Tokens flow through every operator one by one, but attention needs all keys of a sequence.
    for (const Layer& layer : workload.graph.layers) {
      depth_of_.push_back(depth_);
      depth_ += layer.kind == OpKind::attention ? 1 : 0;
    }
    depth_ += 1;
    for (const TensorId tensor : kept_tensors(workload.graph, Recompute::none)) kept_.push_back(tensor);
  }

  [[nodiscard]] PipelinePlan plan(std::uint64_t sequences) {
    const auto& layers = workload_.graph.layers;
    if (layers.size() > wafer_.grid.columns) {
      throw DoesNotFit{
          fmt::format("{}: {} layers need a column of PEs each, and the wafer has {}: pipelined execution "
                      "does not fit; weight_streaming does not need it",
                      workload_.graph.name, layers.size(), wafer_.grid.columns)};
    }
    std::vector<std::uint64_t> columns(layers.size(), 1);
    for (std::uint32_t id = 0; id < layers.size(); ++id) columns[id] = least_columns(id);
    std::uint64_t used = 0;
    for (const std::uint64_t width : columns) used += width;
    if (used > wafer_.grid.columns) refuse(used);
    // The slowest stage gets the next column, until none is left or it does not help.
    std::vector<Cycles> busy;
    for (std::uint32_t id = 0; id < layers.size(); ++id) busy.push_back(busy_of(id, columns[id]));
    while (used < wafer_.grid.columns) {
      const auto slowest =
          static_cast<std::uint32_t>(std::max_element(busy.begin(), busy.end()) - busy.begin());
      std::uint64_t more = 0;
      while (used + more < wafer_.grid.columns && busy_of(slowest, columns[slowest] + more) >= busy[slowest])
        ++more;
      const Cycles faster = busy_of(slowest, columns[slowest] + more);
      if (faster >= busy[slowest]) break;
      columns[slowest] += more;
      used += more;
      busy[slowest] = faster;
    }
    PipelinePlan result;
    result.columns = used;
    result.depth = depth_;
    result.sequences = sequences;
    for (std::uint32_t id = 0; id < layers.size(); ++id) {
      result.stages.push_back({.layer = id,
                               .columns = columns[id],
                               .forward = known(id, columns[id]).forward,
                               .backward = known(id, columns[id]).backward,
                               .sram = sram_of(id, columns[id])});
      result.period = std::max(result.period, busy[id]);
    }
    result.update = update_of(columns);
    result.bytes_per_weight = resident_bytes(workload_.plan);
    return result;
  }

 private:
  // The three passes of one sequence on a strip: closed forms of a wafer that is only so wide.
  struct Passes {
    KernelCost forward;
    KernelCost backward;
  };
  [[nodiscard]] Passes passes(std::uint32_t id, std::uint64_t columns) const {
    const Layer& layer = workload_.graph.layers[id];
    WaferSpec strip = wafer_;
    strip.grid = {columns, wafer_.grid.rows};
    if (layer.kind == OpKind::linear) return linear(layer, strip);
    const TokenLayout layout{strip.grid, {}, workload_.plan.sequence_length};
    LayerCosts costs{strip, workload_.plan, layout, masks_};
    LayerCost cost = costs.of(layer);
    if (layer.kind == OpKind::embedding) cost = {};  // the table is resident: a lookup, no arithmetic
    return {.forward = cost.forward, .backward = cost.gradient + cost.delta};
  }
  // Resident weights: what the tokens are to streamed weights, the weights are to streamed tokens. Each
  // arriving feature of a token scales the PE's part of a column of the matrix; rows or columns add up,
  // whichever is cheaper.
  [[nodiscard]] Passes linear(const Layer& layer, const WaferSpec& strip) const {
    const std::uint64_t tokens = workload_.plan.sequence_length;
    const auto product = [&](std::uint64_t in, std::uint64_t out) {
      WaferSpec turned = strip;
      std::swap(turned.grid.columns, turned.grid.rows);
      KernelCost best{.compute = Cycles::max(), .fabric = {}, .fill = {}};
      for (const WaferSpec* wafer : {&strip, static_cast<const WaferSpec*>(&turned)}) {
        const FlowContext context{*wafer, arithmetic_of(workload_.plan), TokenLayout{wafer->grid, {}, out}};
        const KernelCost cost = linear_forward(context, {.in = in, .out = tokens, .kept = in * tokens});
        if (cost.busy() < best.busy()) best = cost;
      }
      best.fmacs = layer.matrix_weights * tokens;
      return as_programmed(best);
    };
    // The outer product of the gradient stays where it is made: each PE keeps its own.
    const std::uint64_t share = divide_up(layer.matrix_weights, strip.grid.columns * strip.grid.rows);
    const Arithmetic arithmetic = arithmetic_of(workload_.plan);
    const std::uint64_t width = arithmetic == Arithmetic::fp16    ? strip.pe.fmacs_fp16
                                : arithmetic == Arithmetic::mixed ? strip.pe.fmacs_mixed
                                                                  : strip.pe.fmacs_fp32;
    const KernelCost gradient{.compute = Cycles{tokens * divide_up(share, width)},
                              .fabric = {},
                              .fill = {},
                              .fmacs = layer.matrix_weights * tokens};
    return {.forward = product(layer.in_features, layer.out_features),
            .backward = product(layer.out_features, layer.in_features) + as_programmed(gradient)};
  }
  [[nodiscard]] KernelCost as_programmed(KernelCost cost) const {
    const std::uint64_t efficiency = wafer_.software_efficiency.billionths;
    cost.compute = Cycles{multiply_divide_up(cost.compute.count(), Fraction::kOne, efficiency)};
    cost.fabric = Cycles{multiply_divide_up(cost.fabric.count(), Fraction::kOne, efficiency)};
    return cost;
  }

  [[nodiscard]] Cycles busy_of(std::uint32_t id, std::uint64_t columns) {
    return (known(id, columns).forward + known(id, columns).backward).busy();
  }
  [[nodiscard]] const Passes& known(std::uint32_t id, std::uint64_t columns) {
    const auto [found, fresh] = known_.try_emplace({id, columns});
    if (fresh) found->second = passes(id, columns);
    return found->second;
  }

  // Weights with their state, and the layer's kept inputs of every sequence that is between its forward and
  // its backward pass here.
  [[nodiscard]] Bytes sram_of(std::uint32_t id, std::uint64_t columns) const {
    const Layer& layer = workload_.graph.layers[id];
    const std::uint64_t pes = columns * wafer_.grid.rows;
    const std::uint64_t weights =
        layer.tied_to ? layer.vector_weights + layer.matrix_weights : layer.owned_weights();
    const std::uint64_t under_way = 2 * (depth_ - depth_of_[id] - 1) + 1;
    std::uint64_t features = workload_.graph.tensors[layer.output].features;
    for (const TensorId input : layer.inputs) {
      const bool kept = std::find(kept_.begin(), kept_.end(), input) != kept_.end();
      features += workload_.graph.tensors[input].features * (kept ? under_way : 1);
    }
    const std::uint64_t value = workload_.plan.accumulate == Accumulate::fp32 ? 4 : 2;
    const Wide bytes = Wide{weights} * resident_bytes(workload_.plan) +
                       Wide{features} * workload_.plan.sequence_length * value;
    return wafer_.pe.reserved + Bytes{narrow((bytes + pes - 1) / pes)};
  }
  [[nodiscard]] std::uint64_t least_columns(std::uint32_t id) const {
    std::uint64_t columns = 1;
    while (columns <= wafer_.grid.columns && sram_of(id, columns) > wafer_.pe.sram) ++columns;
    return columns;
  }
  // Each PE updates its own weights: some fifteen FP32 operations each with Adam, one a cycle.
  [[nodiscard]] Cycles update_of(const std::vector<std::uint64_t>& columns) const {
    constexpr std::uint64_t kOperations = 15;
    Cycles longest;
    for (std::uint32_t id = 0; id < columns.size(); ++id) {
      const std::uint64_t share =
          divide_up(workload_.graph.layers[id].owned_weights(), columns[id] * wafer_.grid.rows);
      longest = std::max(longest, Cycles{share * kOperations});
    }
    return longest;
  }

  [[noreturn]] void refuse(std::uint64_t needed) const {
    throw DoesNotFit{
        fmt::format("{}: its {} parameters, resident with {} bytes each beside the activations of {} "
                    "sequences under way, need {} columns of PEs of {}: pipelined execution does not fit; "
                    "weight_streaming keeps no weights on the wafer",
                    workload_.graph.name, workload_.graph.parameters(), resident_bytes(workload_.plan),
                    2 * depth_ - 1, needed, wafer_.grid.columns)};
  }

  const WaferSpec& wafer_;
  const Workload& workload_;
  MaskLibrary& masks_;
  std::uint64_t depth_{};
  std::vector<std::uint64_t> depth_of_;
  std::vector<TensorId> kept_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Passes> known_;
};

}  // namespace

const PipelineStage& PipelinePlan::slowest() const {
  return *std::max_element(stages.begin(), stages.end(), [](const PipelineStage& a, const PipelineStage& b) {
    return a.busy() < b.busy();
  });
}

const PipelineStage& PipelinePlan::fullest() const {
  return *std::max_element(stages.begin(), stages.end(),
                           [](const PipelineStage& a, const PipelineStage& b) { return a.sram < b.sram; });
}

PipelinePlan plan_pipeline(const WaferSpec& wafer, const Workload& workload, std::uint64_t sequences,
                           MaskLibrary& masks) {
  return Planner{wafer, workload, masks}.plan(sequences);
}

}  // namespace wafersim
