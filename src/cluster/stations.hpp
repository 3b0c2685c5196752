// The table of stations, from the store to the core.
#pragma once

#include <vector>

#include "wafersim/cluster/cluster.hpp"
#include "wafersim/cluster/ledger.hpp"
#include "wafersim/cluster/outcome.hpp"
#include "wafersim/cluster/step_program.hpp"

namespace wafersim {

// Bytes that one step moves at MemoryX, all shards together.
struct StoreTraffic {
  StoreWorkBytes streaming;     // weights to the wafers
  StoreWorkBytes updating;      // the optimizer's reads and writes
  StoreWorkBytes accumulating;  // sums of gradients
  Bytes gradients;              // that arrive
  std::uint64_t flops{};        // of the optimizer

  [[nodiscard]] StoreWorkBytes all() const {
    StoreWorkBytes sum = streaming;
    sum += updating;
    return sum += accumulating;
  }
};
[[nodiscard]] StoreTraffic store_traffic(const StepProgram& program);

// Bytes into and out of each wafer in one step.
struct NodeTraffic {
  Bytes in;
  Bytes out;
};
[[nodiscard]] NodeTraffic node_traffic(const StepProgram& program);

[[nodiscard]] std::vector<StationOutcome> station_table(const Cluster& cluster, const MachineSpec& machine,
                                                        const PlannedStep& step, Cycles step_cycles,
                                                        Cycles compute_cycles);

// Those of the wafers alone: `compute` cycles of a step of `step` cycles are arithmetic.
[[nodiscard]] std::vector<StationOutcome> wafer_stations(const MachineSpec& machine, const WaferWork& work,
                                                         Cycles step, Cycles compute);

// Every simulated station, by its name.
struct NamedStation {
  std::string name;
  const Station* station{};
};
[[nodiscard]] std::vector<NamedStation> stations_of(const Cluster& cluster);

// Busy time of every simulated station in one step.
[[nodiscard]] std::vector<BusyLedger> busy_stations(const Cluster& cluster, const MachineSpec& machine,
                                                    Picoseconds step_time);

}  // namespace wafersim
