// The memory of one PE: what is live in it during a step, item by item.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
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

// What a graph keeps on the wafer, counted once so that many layouts can be tried. `layout` lays out tokens
// of whole sequences.
class LiveTensors {
 public:
  // `filter_zeros`: deltas of which some are zero have an index beside them while they are filtered.
  explicit LiveTensors(const Workload& workload, bool filter_zeros = false);

  [[nodiscard]] SramBudget budget(const WaferSpec& wafer, const TokenLayout& layout, GradientSums sums) const;

 private:
  // Tensors of one size together.
  struct Size {
    std::uint64_t features{};
    std::uint64_t positions{};  // 0: one for each token
    friend auto operator<=>(const Size&, const Size&) = default;
  };
  using Counts = std::map<Size, std::uint64_t>;
  using Sizes = std::vector<std::pair<Size, std::uint64_t>>;

  [[nodiscard]] static Size size_of(const Tensor& tensor);
  [[nodiscard]] static Sizes as_sizes(const Counts& counts);
  [[nodiscard]] static Counts working_set(const Graph& graph, const Layer& layer,
                                          const std::set<TensorId>& held, bool filter_zeros);
  [[nodiscard]] static std::vector<Counts> forward_sets(const Graph& graph);
  // Where positions lie if `layout` says it for tokens.
  [[nodiscard]] TokenLayout layout_of(std::uint64_t positions, const TokenLayout& layout) const;
  [[nodiscard]] std::uint64_t numbers_per_pe(const Sizes& sizes, const TokenLayout& layout) const;

  std::uint64_t sequence_;
  std::uint64_t most_positions_{0};  // of any tensor with positions of its own
  std::uint64_t value_bytes_;
  std::uint64_t accumulator_bytes_;
  std::uint64_t gradients_{0};            // numbers that gradient sums on the wafer would hold
  Sizes kept_;                            // from forward to backward
  std::vector<Sizes> recomputed_blocks_;  // beside them while a block is run again; distinct blocks only
  std::vector<Sizes> working_sets_;       // inputs, outputs and deltas of the layer at work; distinct only
};

// What one sequence takes in the memories of all PEs together, before anything is laid out or filled up: what
// it would take in a single PE that holds all of it.
[[nodiscard]] SramBudget budget_of_one_sequence(const Workload& workload);

}  // namespace wafersim
