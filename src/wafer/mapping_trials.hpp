// Tries mappings and sizes of micro-batches: what fits the memory of a PE, and how many cycles it takes.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "wafersim/wafer/mapper.hpp"

namespace wafersim {

class MappingTrials {
 public:
  // The same weights go to `nodes` wafers, each with a micro-batch of its own.
  MappingTrials(const WaferSpec& wafer, const Workload& workload, MaskLibrary& masks,
                std::uint64_t nodes = 1);

  [[nodiscard]] SramBudget budget(const Mapping& mapping, std::uint64_t sequences, GradientSums sums) const {
    return live_.budget(wafer_, layout(mapping, sequences), sums);
  }
  [[nodiscard]] bool fits(std::uint64_t sequences, GradientSums sums) const;
  // The largest micro-batch of at most `limit` sequences that fits; 0 if not even one does.
  [[nodiscard]] std::uint64_t largest_fitting(std::uint64_t limit, GradientSums sums) const;
  // Mappings under which the largest of `micro_batches` fits, fewest cycles for all of them first; among
  // equals the one with less memory.
  [[nodiscard]] std::vector<MappingChoice> choices(const std::vector<std::uint64_t>& micro_batches,
                                                   GradientSums sums);
  // The mapping that needs the least memory, for the message when none fits.
  [[nodiscard]] SramBudget smallest_budget(std::uint64_t sequences, GradientSums sums) const;

 private:
  [[nodiscard]] TokenLayout layout(const Mapping& mapping, std::uint64_t sequences) const {
    return {wafer_.grid, mapping, sequences * workload_.plan.sequence_length};
  }
  // All passes of one micro-batch, from closed forms.
  [[nodiscard]] Cycles kernel_cycles(std::size_t mapping, std::uint64_t sequences);
  // What the weights of a micro-batch take through the node's lanes.
  [[nodiscard]] Cycles weights_in(std::uint64_t sequences);

  const WaferSpec& wafer_;
  const Workload& workload_;
  MaskLibrary& masks_;
  LiveTensors live_;
  std::vector<Mapping> mappings_;
  std::uint64_t nodes_;
  Cycles gradients_out_;                        // that gradients of one micro-batch take through the lanes
  std::map<std::uint64_t, Cycles> weights_in_;  // by sequences
  std::map<std::pair<std::size_t, std::uint64_t>, Cycles> known_;
};

}  // namespace wafersim
