// The mapper: how many sequences a wafer works on at a time, and how they lie on the grid.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/kernel/token_layout.hpp"
#include "wafersim/wafer/layer_cost.hpp"
#include "wafersim/wafer/sram.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// One mapping and the wafer cycles that all micro-batches of a step take under it, by closed forms.
struct MappingChoice {
  Mapping mapping;
  Cycles cycles;
  Bytes sram;
};

struct WaferPlan {
  Mapping mapping;
  std::vector<std::uint64_t> micro_batches;  // sequences of each; none larger than the first
  GradientSums gradient_sums{GradientSums::none};
  SramBudget sram;                        // of the largest micro-batch
  std::vector<MappingChoice> runners_up;  // that fit too, fewest cycles first; at most three
  Cycles cycles;                          // of all micro-batches, by closed forms
  bool filter_zeros{};                    // deltas behind a relu have an index, so that zeros can be filtered

  [[nodiscard]] std::uint64_t sequences() const;  // per node and step
};

// Sequences that each node must train on in a step; nothing if the plan leaves it to the mapper. Throws
// InputError if a global batch cannot be shared evenly.
[[nodiscard]] std::optional<std::uint64_t> sequences_per_node(const TrainingPlan& plan, std::uint64_t nodes);

// Cuts the batch into the micro-batches, and chooses the mapping, that together take the fewest cycles (or
// takes the plan's micro-batch). Kernels come from closed forms; the stream counts where the node's lanes are
// slower. A plan without a batch gets the largest micro-batch that fits. Zeros among deltas are filtered if
// that takes fewer cycles, although the indices take memory.
// Throws DoesNotFit with what would fit.
[[nodiscard]] WaferPlan plan_wafer(const WaferSpec& wafer, const Workload& workload, std::uint64_t nodes,
                                   MaskLibrary& masks);

}  // namespace wafersim
