// What a run found out: every figure that a report shows, computed once. Field names are those of the JSON.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/base/wide.hpp"
#include "wafersim/config/machine_spec.hpp"
#include "wafersim/kernel/mesh/ws_timer.hpp"
#include "wafersim/kernel/token_layout.hpp"
#include "wafersim/stream/part.hpp"
#include "wafersim/wafer/mapper.hpp"

namespace wafersim {

using CyclesByPart = std::array<Cycles, kParts>;

// Products of linear layers that were timed on the mesh, and what closed forms would have said.
struct FidelityOutcome {
  Fidelity fidelity{};
  std::vector<TimedProduct> products;  // those of equal shape once, in the order of the step
  Cycles flow_step_cycles;             // of the same step by closed forms alone
};

struct StepOutcome {
  Cycles cycles;             // from one step's start to the next one's, in the steady state
  Picoseconds time;          // the same
  Cycles first_step_cycles;  // with nothing prefetched and nothing to wait for
  bool steady{};             // the last two steps took the same number of cycles
  double samples_per_second{};
  double tokens_per_second{};
  Wide flops_done{};       // over all nodes
  Wide flops_skipped{};    // that a dense model would have done
  double utilization{};    // of the dense FP16 peak of all nodes
  double energy_joules{};  // of the wafers' cores and fabric
  std::string bottleneck;
};

// Cycles of one layer over all its operations in a step. forward + backward is the sum of the parts.
struct LayerOutcome {
  std::string name;
  std::string kind;
  Cycles forward_cycles;
  Cycles backward_cycles;  // recomputation, gradient and delta
  Cycles update_cycles;    // MemoryX's work on its update, beside the wafer's time line
  Cycles compute_cycles;
  Cycles fabric_cycles;
  Cycles fill_cycles;         // of its kernels
  Cycles stream_wait_cycles;  // for weights on their way
  Cycles reduce_wait_cycles;  // for room for gradients
  Cycles update_wait_cycles;  // for weights that were still being updated
  std::uint64_t weights{};
  std::uint64_t nonzero_weights{};
  Bytes bytes_in;   // into each wafer
  Bytes bytes_out;  // out of each wafer
  CyclesByPart parts{};
  Wide flops{};          // of its matrix products on each wafer
  double utilization{};  // these against the dense FP16 peak of a wafer while the layer has it
  std::string weakness;  // why that is little; empty if it is not, or if there are no products
};

// One station, all of its equals together.
struct StationOutcome {
  std::string name;
  Wide bytes{};  // per step; may exceed 64 bits on the wafers
  Wide flops{};  // per step, of a station that computes
  double peak_flops_per_second{};
  double achieved_bytes_per_second{};
  double peak_bytes_per_second{};
  double busy_fraction{};  // of the busiest of them, in its busiest direction
};

struct PartOutcome {
  Part part{};
  Cycles cycles;
  Cycles step_cycles_if_infinite;
};

// Something that is slower than its equals, and what that costs.
struct UnevenOutcome {
  std::string what;
  Cycles step_cycles_if_even;  // if it were as fast as they are
};

struct MemoryOutcome {
  std::string name;
  Bytes used;
  Bytes capacity;
  std::string largest;
};

struct SparsityOutcome {
  std::uint64_t weights_skipped{};
  Wide flops_skipped{};
  Bytes bytes_skipped;       // fewer bytes into each wafer per step than dense; zero if the indices cost more
  Bytes bytes_added;         // more bytes than dense, where they do
  Cycles dense_step_cycles;  // zero if the dense twin cannot run: see dense_refused
  std::string dense_refused;
  double speedup{1.0};
  double ideal_speedup{1.0};  // if every skipped operation saved its share of the dense step
  // Where the rest went: cycles of each part beyond its ideal share of the dense step; the sum is what the
  // step takes beyond the ideal. Negative where a part got cheaper than its share.
  std::array<std::int64_t, kParts> lost_cycles{};
  Cycles ideal_step_cycles;
};

// Zeros that a relu leaves, and what of them the gradient of the layer before it gains.
struct ZerosOutcome {
  std::string relu;
  Fraction share;
  std::string layer;       // whose deltas have the same zeros; empty if none has
  Cycles gradient_cycles;  // of that layer in a step, without waits
  Cycles saved_cycles;     // fewer than if its relays did not filter them; zero: they do not
  std::string why_not;     // empty if they do
};

// Bytes that one step moves at MemoryX, all shards together.
struct StoreWorkBytes {
  Bytes dram;
  Bytes flash_reads;
  Bytes flash_writes;
  StoreWorkBytes& operator+=(const StoreWorkBytes& other) {
    dram += other.dram;
    flash_reads += other.flash_reads;
    flash_writes += other.flash_writes;
    return *this;
  }
};

// What DRAM sustains in one order of reads and writes.
struct DramPatternOutcome {
  std::string name;
  std::uint64_t bytes{};      // that one channel moves
  std::uint64_t clocks{};     // in so many of its clocks, for ever
  double efficiency{};        // share of the bus that is used
  double bytes_per_second{};  // of all shards together
};

// How training wears the flash out.
struct WearOutcome {
  Bytes written;              // by one step
  Bytes programmed;           // into cells
  Bytes raw;                  // cells, with the spare ones
  std::uint64_t endurance{};  // erase cycles of a block
  double cycles_per_step{};   // erase cycles that a step costs every block
  double cycles_per_day{};
  double years{};  // of training without a pause until the end of life; 0 if nothing is written
  std::uint64_t bearable_steps{};  // until then; 0 if nothing is written
  Wide bearable_tokens{};
  std::uint64_t run_tokens{};  // of the training run
  std::uint64_t run_steps{};
  bool run_is_assumed{};  // the workload does not say how long it trains
  bool wears_out{};       // before the run ends
};

struct StoreOutcome {
  StoreWorkBytes streaming;     // weights to the wafers
  StoreWorkBytes updating;      // the optimizer's reads and writes
  StoreWorkBytes accumulating;  // sums of gradients
  std::vector<DramPatternOutcome> dram;
  WearOutcome wear;
};

// A step whose layers have PEs of their own.
struct PipelineOutcome {
  std::uint64_t layers{};
  std::uint64_t columns{};    // of PEs, that they have together
  std::uint64_t depth{};      // sequences that have entered before the first one is through
  Cycles period;              // between two sequences
  std::string slowest_layer;  // whose time that is
  double balance{};           // share of the PE cycles between two sequences that are work
  double filling{};           // share of the step in which the pipeline fills and drains
};

struct Outcome {
  StepMode mode{};
  std::uint64_t nodes{};  // that work
  std::uint64_t sequences_per_node{};
  std::uint64_t tokens_per_node{};
  std::uint64_t bytes_per_parameter{};  // stored at MemoryX (pipelined: on the wafer), of a dense weight
  std::uint64_t parameters{};
  WaferPlan plan;
  StepOutcome step;
  std::vector<LayerOutcome> layers;
  std::vector<StationOutcome> stations;
  std::vector<PartOutcome> attribution;
  Cycles step_cycles_if_stream_infinite;  // node I/O, SwarmX, DRAM and flash together
  std::vector<UnevenOutcome> uneven;      // stragglers and slow links, if there are any
  std::vector<MemoryOutcome> memory;
  StoreOutcome store;
  std::optional<SparsityOutcome> sparsity;  // of a sparse workload
  std::vector<ZerosOutcome> zeros;          // of relus that leave any, in the order of the graph
  std::optional<FidelityOutcome> fidelity;  // if closed forms alone were not enough
  std::optional<PipelineOutcome>
      pipeline;  // of pipelined execution, which has no store, no links and no plan
};

}  // namespace wafersim
