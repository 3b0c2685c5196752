// The memory of one PE: what is live in it during a step, item by item.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/kernel/token_layout.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

struct SramItem {
  std::string name;
  Bytes bytes;  // in the fullest PE
};

struct SramBudget {
  std::vector<SramItem> items;
  Bytes capacity;

  [[nodiscard]] Bytes used() const;
  [[nodiscard]] bool fits() const { return used() <= capacity; }
  [[nodiscard]] const SramItem& largest() const;
};

enum class GradientSums { none, on_wafer };

// What a graph keeps on the wafer, counted once so that many layouts can be tried. Sizes are features per
// token.
class LiveTensors {
 public:
  explicit LiveTensors(const Workload& workload);

  [[nodiscard]] SramBudget budget(const WaferSpec& wafer, const TokenLayout& layout, GradientSums sums) const;

 private:
  // Equal sizes together: feature count -> number of tensors.
  using Sizes = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  [[nodiscard]] static std::uint64_t features_per_pe(const Sizes& sizes, const TokenLayout& layout);

  std::uint64_t value_bytes_;
  std::uint64_t accumulator_bytes_;
  std::uint64_t gradients_{0};            // numbers that gradient sums on the wafer would hold
  Sizes kept_;                            // from forward to backward
  std::vector<Sizes> recomputed_blocks_;  // beside them while a block is run again; distinct blocks only
  std::vector<Sizes> working_sets_;       // inputs, outputs and deltas of the layer at work; distinct only
};

}  // namespace wafersim
