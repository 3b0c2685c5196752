// What a machine file says, resolved: plain numbers, no pointers, defaults filled in and checked once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/base/parse.hpp"
#include "wafersim/base/quantity.hpp"

namespace wafersim {

// One processing element: its memory and what its datapath does in a cycle.
struct PeSpec {
  Bytes sram;                           // all of it: code and data
  Bytes reserved;                       // code, stack, descriptors: not available to tensors
  std::uint64_t fmacs_fp16{};           // FP16 multiply-adds a cycle, FP16 accumulator
  std::uint64_t fmacs_mixed{};          // FP16 operands into an FP32 accumulator
  std::uint64_t fmacs_fp32{};           // FP32
  Bytes sram_read_per_cycle;            // ports of the SRAM: bytes read in a cycle
  Bytes sram_write_per_cycle;           // and written
  std::uint64_t instruction_startup{};  // cycles a vector instruction takes before its first element
  std::uint64_t wavelet_overhead{};     // cycles of a data-triggered instruction beside its elements
  std::uint64_t task_dispatch{};        // cycles from an activated task to its first instruction
  std::uint64_t accumulators{};         // output features whose partial sums may be in flight at once
  std::uint64_t skip_block{1};          // neighbouring weights that it can only skip together; 1: each alone
  std::uint64_t divide_cycles{};        // one FP32 division (software)
  std::uint64_t exponential_cycles{};   // one exponential (software)
  friend bool operator==(const PeSpec&, const PeSpec&) = default;
};

// The network on the wafer.
struct FabricSpec {
  std::uint64_t ramp_latency{};  // cycles between a PE and its router, each way
  std::uint64_t hop_latency{};   // cycles from router to router
  Bytes wavelet;                 // payload of a wavelet; one per link, direction and cycle
  friend bool operator==(const FabricSpec&, const FabricSpec&) = default;
};

// Where bytes enter and leave the wafer.
struct WaferIoSpec {
  std::uint64_t lanes{};     // Ethernet lanes of the node
  BytesPerSecond lane_rate;  // each way
  std::uint64_t ports{};     // edge ports that the lanes feed
  BytesPerSecond port_rate;  // each way
  Picoseconds latency;       // Ethernet, FPGA and wafer edge together
  friend bool operator==(const WaferIoSpec&, const WaferIoSpec&) = default;
};

struct EnergySpec {
  std::uint64_t femtojoules_per_fmac{};         // all-in, core
  std::uint64_t femtojoules_per_wavelet_hop{};  // fabric
  friend bool operator==(const EnergySpec&, const EnergySpec&) = default;
};

// Which rows hold which tokens of a sequence: each row a run of neighbours; or every row some of all parts of
// the sequence, as cards are dealt.
enum class TokenOrder { in_order, dealt };

struct MappingSpec {
  std::optional<std::uint64_t> groups;  // column groups G; nothing: the mapper chooses
  std::optional<std::uint64_t> bands;   // row bands F; nothing: the mapper chooses
  TokenOrder tokens{TokenOrder::in_order};
  friend bool operator==(const MappingSpec&, const MappingSpec&) = default;
};

// How closely the matrix products of linear layers are looked at: by closed forms; or by their programs on
// the mesh, wavelet by wavelet, with equal rows folded: all output features, or enough of them for the steady
// state.
enum class Fidelity { flow, sampled, folded };

struct WaferSpec {
  GridSize grid;
  Hertz clock;
  PeSpec pe;
  FabricSpec fabric;
  WaferIoSpec io;
  Bytes receive_buffer;   // per PE, for weights that arrive ahead of their layer
  Bytes gradient_buffer;  // per PE, for gradients on their way out
  // Cycles of a kernel by its closed form, by those that the vendor's software is taken to need.
  Fraction software_efficiency{Fraction::kOne};
  EnergySpec energy;
  MappingSpec mapping;
  Fidelity fidelity{Fidelity::flow};
  friend bool operator==(const WaferSpec&, const WaferSpec&) = default;
};

// How long a DRAM device makes its controller wait, in clocks of the channel; JEDEC's names without their t.
struct DramTimingSpec {
  std::uint64_t cl{};             // read command to its data
  std::uint64_t cwl{};            // write command to its data
  std::uint64_t rcd{};            // activate to read or write
  std::uint64_t rp{};             // precharge to activate
  std::uint64_t ras{};            // activate to precharge
  std::uint64_t rc{};             // activate to activate of the same bank
  std::uint64_t ccd_s{};          // read to read, or write to write, in different bank groups
  std::uint64_t ccd_l{};          // read to read in the same bank group
  std::uint64_t ccd_l_wr{};       // write to write in the same bank group
  std::uint64_t rrd_s{};          // activate to activate in different bank groups
  std::uint64_t rrd_l{};          // activate to activate in the same bank group
  std::uint64_t faw{};            // window in which a rank takes at most four activates
  std::uint64_t rtp{};            // read to precharge
  std::uint64_t wr{};             // end of written data to precharge
  std::uint64_t wtr_s{};          // end of written data to read in another bank group
  std::uint64_t wtr_l{};          // end of written data to read in the same bank group
  std::uint64_t read_to_write{};  // gap on the bus between the data of a read and of a write
  std::uint64_t rank_switch{};    // gap on the bus between the data of two ranks
  std::uint64_t refi{};           // average distance of refreshes
  std::uint64_t rfc{};            // a refresh of all banks
  friend bool operator==(const DramTimingSpec&, const DramTimingSpec&) = default;
};

struct DramSpec {
  Bytes capacity;                // per shard
  Fraction stream_share;         // part of the time that is kept for streaming weights
  std::uint64_t channels{};      // per shard
  Hertz clock;                   // of a channel; two transfers a clock
  Bytes bus;                     // data of one transfer
  std::uint64_t burst_length{};  // transfers of one read or write
  std::uint64_t ranks{};         // per channel
  std::uint64_t bank_groups{};   // per rank
  std::uint64_t banks{};         // per bank group
  Bytes page;                    // an open row of a bank, over all chips of the rank
  std::uint64_t batch{};         // bursts that the controller sends one way before it turns
  std::uint64_t lookahead{};     // bursts that it knows of before their turn
  DramTimingSpec timing;
  friend bool operator==(const DramSpec&, const DramSpec&) = default;
};

// The large tier: `channels` buses with `dies` on each, behind one host interface. All of it per shard.
struct FlashSpec {
  Bytes capacity;                   // that can be used; 0 B is a store without flash
  BytesPerSecond interface;         // to the host, each way
  Bytes read_ahead;                 // DRAM that holds weights read ahead of their turn
  Fraction stream_share;            // part of the reading that is kept for streaming weights
  Fraction write_share;             // part of the time of dies and channels that is kept for writing
  std::uint64_t channels{};         // buses between controllers and dies
  BytesPerSecond channel_rate;      // of one of them
  std::uint64_t dies{};             // on a channel
  std::uint64_t planes{};           // of a die, which work at the same time
  Bytes page;                       // of a plane, read or programmed at once
  std::uint64_t pages_per_block{};  // erased at once
  Picoseconds read_time;            // tR: from the cells into the page buffers
  Picoseconds program_time;         // tPROG: from the page buffers into the cells
  Picoseconds erase_time;           // tBERS: a block
  Fraction over_provisioning;       // spare cells, as a part of the capacity
  Fraction write_amplification;     // bytes programmed for each byte written; at least one
  std::uint64_t endurance{};        // times that a block can be erased
  friend bool operator==(const FlashSpec&, const FlashSpec&) = default;
};

// The two tiers of a server's memory.
enum class Tier { dram, flash };

// Which tier each kind of tensor lives in; nothing: DRAM first, flash beyond, layer by layer.
struct PlacementSpec {
  std::optional<Tier> weights{};    // as they are streamed
  std::optional<Tier> gradients{};  // the sum of a step
  std::optional<Tier> optimizer{};  // master weights and moments
  friend bool operator==(const PlacementSpec&, const PlacementSpec&) = default;
};

// What must have been updated before the next step may stream weights of a layer.
enum class UpdateGranularity { layer, chunk };

// The weight store: `groups` of `shards` servers, in each group one per lane.
struct MemoryXSpec {
  std::uint64_t groups{1};
  std::uint64_t shards{};
  DramSpec dram;
  FlashSpec flash;
  PlacementSpec placement;
  std::uint64_t optimizer_flops{};  // FP32 operations a second, per shard
  UpdateGranularity update_granularity{UpdateGranularity::layer};
  friend bool operator==(const MemoryXSpec&, const MemoryXSpec&) = default;
};

enum class Forwarding { cut_through, store_and_forward };

// A link of one lane's tree that does not run at its full rate.
struct LinkFault {
  std::uint64_t lane{};
  std::uint64_t level{};  // 0: from MemoryX; the last level leads to the nodes
  std::uint64_t index{};  // of the switch or node that it leads to, counted from the left on its level
  Fraction rate;          // the share of its rate that is left; 0: it has failed
  friend bool operator==(const LinkFault&, const LinkFault&) = default;
};

// The broadcast-and-reduce tree, one tree per lane.
struct SwarmXSpec {
  std::uint64_t fanout{};                // children of a switch
  std::vector<std::uint64_t> fanouts{};  // by level from MemoryX down, the last for all below; empty: fanout
  BytesPerSecond link_rate;              // each way
  Picoseconds hop_latency;               // through a switch
  Bytes chunk;                           // what a switch forwards as one
  Bytes buffer;                          // per port
  Forwarding forwarding{Forwarding::cut_through};
  BytesPerSecond reduce_rate;            // gradients from all children that a switch adds up
  std::vector<LinkFault> link_faults{};  // none: every link runs at its rate
  friend bool operator==(const SwarmXSpec&, const SwarmXSpec&) = default;
};

// A node that works more slowly than the others.
struct Straggler {
  std::uint64_t node{};
  Fraction speed;  // against the others
  friend bool operator==(const Straggler&, const Straggler&) = default;
};

enum class OnFailedNode { go_on, stop };

struct ClusterSpec {
  std::uint64_t nodes{};
  std::uint64_t max_nodes{};            // what the vendor supports
  std::vector<Straggler> stragglers{};  // none: every node is equally fast
  Fraction jitter{};                    // an operation takes up to so much longer, drawn for each node
  std::uint64_t jitter_seed{1};
  std::vector<std::uint64_t> failed_nodes{};
  OnFailedNode on_failed_node{OnFailedNode::go_on};
  bool fold_nodes{true};  // simulate one of a class of identical nodes
  bool fold_lanes{true};  // simulate the fullest of the identical lanes
  std::uint64_t steps{};  // simulate at most this many steps while looking for the steady state
  friend bool operator==(const ClusterSpec&, const ClusterSpec&) = default;
};

// Headline figures of the vendor, only to be printed beside the derived ones.
struct PublishedSpec {
  std::optional<std::uint64_t> cores;
  std::optional<std::uint64_t> peak_flops;  // FP16, dense
  std::optional<Bytes> sram;
  std::optional<BytesPerSecond> sram_bandwidth;
  std::optional<BytesPerSecond> fabric_bandwidth;
  std::optional<BytesPerSecond> io_bandwidth;
  std::optional<Bytes> memoryx_capacity;
  friend bool operator==(const PublishedSpec&, const PublishedSpec&) = default;
};

struct MachineSpec {
  std::string name;
  WaferSpec wafer;
  MemoryXSpec memoryx;
  SwarmXSpec swarmx;
  ClusterSpec cluster;
  PublishedSpec published;
  friend bool operator==(const MachineSpec&, const MachineSpec&) = default;
};

}  // namespace wafersim
