// Steps of many equal micro-batches: a few of them are simulated, and the others follow from them, if
// everything repeats. docs/model.md, section 10, proves it.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/cluster/attribution.hpp"
#include "wafersim/cluster/cluster.hpp"

namespace wafersim {

// A micro-batch of a shortened step that stands for others as well.
struct Repetition {
  std::uint32_t micro_batch{};
  std::uint64_t others{};
};

struct ShortenedStep {
  std::vector<std::uint64_t> micro_batches;  // sequences of each, as they are simulated
  std::vector<Repetition> repetitions;
};

// At most eight of each run of equal micro-batches.
[[nodiscard]] ShortenedStep shorten(const std::vector<std::uint64_t>& micro_batches);

struct WholeStep {
  Cycles total;
  CyclesByPart parts{};
};

// The step that `cluster` ran a shortened form of; exact but for a cycle's rounding for each micro-batch that
// was left out. The cluster kept times; if it explained nothing, all parts but the wafer's own are fill.
// Throws DoesNotFit if the micro-batches did not repeat.
[[nodiscard]] WholeStep lengthen(const Cluster& cluster, const std::vector<Repetition>& repetitions);

}  // namespace wafersim
