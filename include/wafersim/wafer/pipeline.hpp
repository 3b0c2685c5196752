// The original way to run a model that fits: every layer on its own rectangle of PEs with its weights
// resident, and activations flowing from one to the next.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/wafer/layer_cost.hpp"

namespace wafersim {

// One layer on its strip of full columns.
struct PipelineStage {
  std::uint32_t layer{};
  std::uint64_t columns{};
  KernelCost forward;   // of one sequence
  KernelCost backward;  // gradient and delta of one sequence
  Bytes sram;           // of the fullest PE

  [[nodiscard]] KernelCost cost() const { return forward + backward; }
  [[nodiscard]] Cycles busy() const { return cost().busy(); }
};

struct PipelinePlan {
  std::vector<PipelineStage> stages;
  std::uint64_t columns{};           // used
  Cycles period;                     // between two sequences: that of the slowest stage
  std::uint64_t depth{};             // sequences that have entered before the first one is through
  std::uint64_t sequences{};         // of a step
  Cycles update;                     // of the weights, in place
  std::uint64_t bytes_per_weight{};  // with its gradient and the optimizer's state

  // Periods in which the pipeline fills and drains, beside those of the sequences.
  [[nodiscard]] std::uint64_t filling() const { return 2 * (depth - 1); }
  [[nodiscard]] Cycles step() const { return period * (sequences + filling()) + update; }
  [[nodiscard]] const PipelineStage& slowest() const;
  [[nodiscard]] const PipelineStage& fullest() const;
};

// Widths of the strips so that the slowest stage is as fast as possible. Throws DoesNotFit with the reason
// and what would fit if the model cannot be resident.
[[nodiscard]] PipelinePlan plan_pipeline(const WaferSpec& wafer, const Workload& workload,
                                         std::uint64_t sequences, MaskLibrary& masks);

}  // namespace wafersim
