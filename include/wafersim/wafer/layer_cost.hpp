// What each pass of a layer costs on the wafer, with every number that a closed form needs looked up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/kernel/flow.hpp"
#include "wafersim/kernel/mask_sample.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// Mask samples by width, rows, level and seed: layers of one shape share a draw.
class MaskLibrary {
 public:
  // Null for a level of zero: nothing is pruned.
  const MaskSample* sample(std::uint64_t width, std::uint64_t rows, Fraction level, std::uint64_t seed);

 private:
  std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t>,
           std::unique_ptr<MaskSample>>
      samples_;
};

// A pass that a layer does not have costs nothing.
struct LayerCost {
  KernelCost forward;
  KernelCost gradient;  // with respect to the weights, where that is a kernel of its own
  KernelCost delta;     // with respect to the inputs

  [[nodiscard]] Cycles total() const { return forward.total() + gradient.total() + delta.total(); }
};

[[nodiscard]] Arithmetic arithmetic_of(const TrainingPlan& plan);

// Costs of one layer when `layout` says where tokens and features lie. Remembers layers of the same shape.
class LayerCosts {
 public:
  LayerCosts(const WaferSpec& wafer, const TrainingPlan& plan, const TokenLayout& layout, MaskLibrary& masks)
      : context_{.wafer = wafer, .arithmetic = arithmetic_of(plan), .layout = layout},
        plan_{plan},
        masks_{masks} {}

  [[nodiscard]] const LayerCost& of(const Layer& layer);

 private:
  [[nodiscard]] LayerCost compute(const Layer& layer, Fraction level) const;
  [[nodiscard]] KernelCost as_programmed(KernelCost cost) const;
  [[nodiscard]] LayerCost linear(const Layer& layer, Fraction level) const;

  using Key = std::tuple<OpKind, std::array<std::uint64_t, 9>, std::string>;
  FlowContext context_;
  const TrainingPlan& plan_;
  MaskLibrary& masks_;
  std::map<Key, LayerCost> known_;
};

}  // namespace wafersim
