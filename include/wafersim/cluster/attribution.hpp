// Divides a step among the parts of the machine, operation by operation, in whole cycles.
#pragma once

#include <vector>

#include "wafersim/cluster/ledger.hpp"
#include "wafersim/cluster/outcome.hpp"
#include "wafersim/stream/program.hpp"
#include "wafersim/wafer/wafer.hpp"

namespace wafersim {

// One operation of the steady step on the wafer's time line.
struct OpShare {
  Cycles total;    // since the end of the operation before it
  Cycles compute;  // of its own
  Cycles fabric;
  Cycles fill;
  Cycles waited;
  Cycles stream_wait;
  Cycles reduce_wait;
  Cycles update_wait;
  CyclesByPart parts{};  // sums to total
};

struct StepShares {
  Cycles total;
  std::vector<OpShare> ops;

  [[nodiscard]] CyclesByPart parts() const;  // summed over the operations
};

// `records` are those of the last step, which began at `began`.
[[nodiscard]] StepShares share_out(const std::vector<OpRecord>& records, const Instant& began,
                                   const WaferClock& clock);

// The same for the last step of a wafer that kept its records.
[[nodiscard]] StepShares share_out(const Wafer& wafer);

// Splits `whole` in proportion to `weights`, in integers that sum to it (largest remainder first, then lowest
// index). With no weight at all everything goes to `fallback`.
[[nodiscard]] CyclesByPart split(Cycles whole, const std::array<std::uint64_t, kParts>& weights,
                                 Part fallback);

}  // namespace wafersim
