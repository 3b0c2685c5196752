// Tries mappings and sizes of micro-batches: what fits the memory of a PE, and how many cycles it takes.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "wafersim/wafer/mapper.hpp"

namespace wafersim {

class MappingTrials {
 public:
  // The same weights go to `nodes` wafers, each with a micro-batch of its own. `filter_zeros` as of
  // LayerCosts.
  MappingTrials(const WaferSpec& wafer, const Workload& workload, MaskLibrary& masks, std::uint64_t nodes = 1,
                bool filter_zeros = false);

  [[nodiscard]] SramBudget budget(const Mapping& mapping, std::uint64_t sequences, GradientSums sums) const {
    return live_.budget(wafer_, layout(mapping, sequences), sums);
  }
  [[nodiscard]] bool fits(std::uint64_t sequences, GradientSums sums) const;
  // The largest micro-batch of at most `limit` sequences that fits; 0 if not even one does.
  [[nodiscard]] std::uint64_t largest_fitting(std::uint64_t limit, GradientSums sums) const;
  // Of the mappings under which the largest of `micro_batches` fits, the best `count`: fewest cycles for all
  // of them first; among equals the one with less memory. Those that take `limit` cycles or more are left
  // out.
  [[nodiscard]] std::vector<MappingChoice> choices(const std::vector<std::uint64_t>& micro_batches,
                                                   GradientSums sums, std::size_t count,
                                                   Cycles limit = Cycles::max());
  // The mapping that needs the least memory, for the message when none fits.
  [[nodiscard]] SramBudget smallest_budget(std::uint64_t sequences, GradientSums sums) const;

 private:
  [[nodiscard]] TokenLayout layout(const Mapping& mapping, std::uint64_t sequences) const {
    return {wafer_.grid, mapping, sequences * workload_.plan.sequence_length};
  }
  // All passes of one micro-batch, from closed forms.
  [[nodiscard]] Cycles kernel_cycles(std::size_t mapping, std::uint64_t sequences, Estimate estimate);
  // Of so many micro-batches of each size.
  using Counts = std::map<std::uint64_t, std::uint64_t>;
  [[nodiscard]] Cycles cycles(std::size_t mapping, const Counts& counts, GradientSums sums,
                              Estimate estimate);

  // What the weights of a micro-batch take through the node's lanes.
  [[nodiscard]] Cycles weights_in(std::uint64_t sequences);

  // Layers that LayerCosts does not tell apart, under whatever layout: most models repeat a dozen of them.
  struct Alike {
    const Layer* first{};
    std::uint64_t count{};
    std::uint64_t run_again{};  // how many of them are recomputed for the backward pass
  };
  [[nodiscard]] std::vector<Alike> layers_alike(LayerCosts& costs) const;

  const WaferSpec& wafer_;
  const Workload& workload_;
  MaskLibrary& masks_;
  LiveTensors live_;
  std::vector<Mapping> mappings_;
  std::uint64_t nodes_;
  bool filter_zeros_;
  Cycles gradients_out_;                        // that gradients of one micro-batch take through the lanes
  std::map<std::uint64_t, Cycles> weights_in_;  // by sequences
  std::map<std::tuple<std::size_t, std::uint64_t, Estimate>, Cycles> known_;
  std::vector<Alike> alike_;  // empty until a cost is asked for
};

}  // namespace wafersim
