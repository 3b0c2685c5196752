// How a step scales with the nodes: the same tokens on each (weak), the same batch shared (strong), and the
// tokens per node from which on the wafers, and not the stream of weights, decide. Once per process, as a
// run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/cluster/run.hpp"

namespace wafersim {

struct ScaleRequest {
  std::vector<std::uint64_t> nodes;              // ascending; the first is the yardstick
  std::optional<std::uint64_t> tokens_per_node;  // weak; nothing: as many as fit a wafer at a time
  std::optional<std::uint64_t> global_batch;     // strong; nothing: see default_batch()
};

struct ScalePoint {
  std::uint64_t nodes{};
  std::uint64_t sequences_per_node{};
  std::uint64_t tokens_per_node{};   // in a step
  std::uint64_t tokens_at_a_time{};  // of the largest micro-batch: what each streamed weight meets
  Cycles step;
  double samples_per_second{};
  double efficiency{};  // throughput of a node against that at the first point
  bool streaming{};     // an infinitely fast stream would shorten it more than an infinitely fast wafer
  std::string limit;    // the station that most of the limit is
  Cycles step_if_wafer_infinite;   // compute and fabric
  Cycles step_if_stream_infinite;  // io, swarmx, dram, flash and update
};

// Where the limit changes, on the largest number of nodes, each micro-batch a whole step, PEs with as much
// memory as it takes.
struct Knee {
  std::vector<ScalePoint> points;       // one for each number of sequences that was tried, ascending
  std::optional<std::uint64_t> tokens;  // the least tried from which on no point is limited by streaming
  std::uint64_t fitting_tokens{};       // that fit the wafer as it is
};

struct ScaleReport {
  std::vector<ScalePoint> weak;
  std::vector<ScalePoint> strong;
  Knee knee;
  std::string conclusion;  // the sentence to take away
};

// The fewest sequences that every one of the node counts can share evenly.
[[nodiscard]] std::uint64_t default_batch(const std::vector<std::uint64_t>& nodes);

// Throws InputError or DoesNotFit as a run does.
[[nodiscard]] ScaleReport scale(const MachineSpec& machine, const Workload& workload,
                                const ScaleRequest& request, const Progress& progress = {});

}  // namespace wafersim
