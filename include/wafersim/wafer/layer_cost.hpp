// What each pass of a layer costs on the wafer, with every number that a closed form needs looked up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/kernel/flow.hpp"
#include "wafersim/wafer/layer_mask.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// A pass that a layer does not have costs nothing.
struct LayerCost {
  KernelCost forward;
  KernelCost gradient;  // with respect to the weights, where that is a kernel of its own
  KernelCost delta;     // with respect to the inputs

  [[nodiscard]] Cycles total() const { return forward.total() + gradient.total() + delta.total(); }
};

[[nodiscard]] Arithmetic arithmetic_of(const TrainingPlan& plan);

// The task of a convolution or pool on so many images; of a transposed convolution, that of its transpose.
[[nodiscard]] ConvolutionTask window_task(const Layer& layer, std::uint64_t sequence, std::uint64_t images);

// Columns of PEs that have work in the forward product of a layer, of those that features lie on, and how
// many inputs of its matrix (a channel has one for each tap) the fullest of them holds; nothing if the layer
// has no matrix whose inputs lie side by side.
struct ColumnUse {
  std::uint64_t used{};
  std::uint64_t of{};
  std::uint64_t inputs{};
};
[[nodiscard]] std::optional<ColumnUse> column_use(const Layer& layer, const TokenLayout& layout);

// Costs of one layer when `layout` says where tokens and features lie: of whole sequences, one token for each
// position. Layers with other positions get a layout of their own from it. The weights come for as many
// tokens on each of `nodes`. `filter_zeros`: owners keep deltas of which some are zero with an index, so that
// relays can filter them. Remembers layers of the same shape.
class LayerCosts {
 public:
  LayerCosts(const WaferSpec& wafer, const TrainingPlan& plan, const TokenLayout& layout, MaskLibrary& masks,
             std::uint64_t nodes = 1, Estimate estimate = Estimate::exact, ProductTimer* timer = nullptr,
             bool filter_zeros = false)
      : context_{.wafer = wafer,
                 .arithmetic = arithmetic_of(plan),
                 .layout = layout,
                 .estimate = estimate,
                 .timer = timer},
        plan_{plan},
        masks_{masks},
        nodes_{nodes},
        filter_zeros_{filter_zeros} {}

  [[nodiscard]] const LayerCost& of(const Layer& layer);

 private:
  [[nodiscard]] LayerCost compute(const Layer& layer, Fraction level) const;
  [[nodiscard]] KernelCost as_programmed(KernelCost cost) const;
  // The mask of a matrix, as the cores see it; `across`: of its transpose.
  [[nodiscard]] const MaskSample* mask(std::uint64_t width, std::uint64_t rows, Fraction level,
                                       bool across) const;
  // Of a matrix of which `kept` weights are there.
  [[nodiscard]] LayerCost linear(const FlowContext& context, const Layer& layer, Fraction level,
                                 std::uint64_t kept) const;
  [[nodiscard]] LayerCost experts(const FlowContext& context, const Layer& layer, Fraction level) const;
  [[nodiscard]] LayerCost recurrent(const FlowContext& context, const Layer& layer) const;
  [[nodiscard]] LayerCost convolution(const FlowContext& context, const Layer& layer, Fraction level) const;
  [[nodiscard]] LayerCost norm(const FlowContext& context, const Layer& layer) const;
  // Of the layer's deltas, as far as they are to be filtered.
  [[nodiscard]] DeltaZeros zeros(const Layer& layer) const;
  // Where the positions of a layer lie.
  [[nodiscard]] FlowContext context_of(const Extent& extent) const;

  using Key = std::tuple<OpKind, std::vector<std::uint64_t>, std::string>;
  FlowContext context_;
  const TrainingPlan& plan_;
  MaskLibrary& masks_;
  std::uint64_t nodes_;
  bool filter_zeros_;
  std::map<Key, LayerCost> known_;
};

}  // namespace wafersim
