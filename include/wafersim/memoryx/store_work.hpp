// What streaming, updating and accumulating cost a MemoryX server, for weights that live in one place or
// another.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/memoryx/dram_rate.hpp"
#include "wafersim/memoryx/optimizer.hpp"
#include "wafersim/memoryx/placement.hpp"
#include "wafersim/stream/program.hpp"

namespace wafersim {

// The patterns in which a server uses its DRAM.
[[nodiscard]] DramPattern streaming_pattern(const DramSpec& dram);  // reads of one array
// What comes from flash or goes there passes through DRAM: written to one array, read from another.
[[nodiscard]] DramPattern passing_pattern(const DramSpec& dram);
// Blocks of all arrays that an update reads, then those that it writes.
[[nodiscard]] DramPattern updating_pattern(const DramSpec& dram, const BytesByTensor& reads,
                                           const BytesByTensor& writes);
// Every burst in another row.
[[nodiscard]] DramPattern scattered_pattern(const DramSpec& dram);

// Simulates each pattern once, when it is first needed.
class StoreWorks {
 public:
  explicit StoreWorks(const MemoryXSpec& store) : store_{store} {}

  // Of one byte of weights that are streamed.
  [[nodiscard]] StoreWork stream(Tier weights);
  // Of one weight's update.
  [[nodiscard]] StoreWork update(const OptimizerCost& cost, const TensorTiers& tiers);
  // Of one gradient that is added to the stored sum.
  [[nodiscard]] StoreWork accumulate(const TensorTiers& tiers);

  // Every pattern that was needed, with its rate; for the report.
  struct Used {
    std::string name;
    DramRate rate;
  };
  [[nodiscard]] const std::vector<Used>& used() const { return used_; }

 private:
  // The work of bytes that are read and written, of which some are in DRAM and the others in flash.
  [[nodiscard]] StoreWork move(const BytesByTensor& reads, const BytesByTensor& writes,
                               const TensorTiers& tiers, std::string_view name);
  [[nodiscard]] const DramRate& rate_of(std::string_view name, const DramPattern& pattern);
  // Clocks of all channels together that `bytes` bytes take, as an exact ratio.
  [[nodiscard]] Ratio clocks(std::uint64_t bytes, const DramRate& rate) const;

  const MemoryXSpec& store_;
  std::map<std::vector<std::uint64_t>, DramRate> rates_;
  std::vector<Used> used_;
};

}  // namespace wafersim
