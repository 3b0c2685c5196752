// What was counted on the way, beside what the program says it must be: the invariants of every run.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/base/wide.hpp"
#include "wafersim/stream/part.hpp"

namespace wafersim {

// A stream as its two ends counted it.
struct StreamCount {
  std::uint64_t weights{};
  Bytes bytes;
  friend bool operator==(const StreamCount&, const StreamCount&) = default;
};

struct LaneLedger {
  StreamCount expected_down;  // stored weights x passes x steps
  StreamCount sent_down;      // by MemoryX
  StreamCount expected_up;
  StreamCount received_up;           // by MemoryX
  std::uint64_t trains_up{};         // received
  std::uint64_t contributions_up{};  // wafers counted in them; each train must hold every node once
};

struct NodeLedger {
  StreamCount received;
  StreamCount sent;
};

struct BusyLedger {
  std::string station;
  Picoseconds busy;
  Picoseconds elapsed;
};

struct WaitLedger {
  std::string operation;
  Cycles total;
  Cycles busy;
  Cycles waited;
};

struct RunLedger {
  std::uint64_t nodes{};
  std::vector<LaneLedger> lanes;
  StreamCount expected_at_node;  // over the simulated lanes
  StreamCount expected_from_node;
  std::vector<NodeLedger> node_counts;
  std::vector<BusyLedger> busy;
  std::vector<WaitLedger> waits;
  Wide flops_expected{};  // the closed count of the graph
  Wide flops_counted{};   // of the kernels that ran, over all nodes
  Cycles step;
  std::array<Cycles, kParts> parts{};
  std::vector<std::array<Cycles, kParts>> layer_parts;
};

// Every law that the run broke, one sentence each; empty if all hold.
[[nodiscard]] std::vector<std::string> violations(const RunLedger& ledger);

}  // namespace wafersim
