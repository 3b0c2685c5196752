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

// One mapping and the wafer cycles of all passes of one micro-batch under it.
struct MappingChoice {
  Mapping mapping;
  Cycles cycles;
  Bytes sram;
};

struct WaferPlan {
  Mapping mapping;
  std::vector<std::uint64_t> micro_batches;  // sequences of each, the largest first
  GradientSums gradient_sums{GradientSums::none};
  SramBudget sram;                        // of the largest micro-batch
  std::vector<MappingChoice> runners_up;  // that fit too, fewest cycles first; at most three

  [[nodiscard]] std::uint64_t sequences() const;  // per node and step
};

// Sequences that each node must train on in a step; nothing if the plan leaves it to the mapper. Throws
// InputError if a global batch cannot be shared evenly.
[[nodiscard]] std::optional<std::uint64_t> sequences_per_node(const TrainingPlan& plan, std::uint64_t nodes);

// Chooses the largest micro-batch that fits (or takes the plan's) and the mapping with the fewest cycles.
// Throws DoesNotFit with what would fit.
[[nodiscard]] WaferPlan plan_wafer(const WaferSpec& wafer, const Workload& workload, std::uint64_t nodes,
                                   MaskLibrary& masks);

}  // namespace wafersim
