// The keys of a machine file: the only place where each is spelled, bounded and explained; private to this
// room. The bounds are wide enough for any machine that could be built, and narrow enough that no later sum
// or product of them leaves 64 bits.
#pragma once

#include <array>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/config/record.hpp"

namespace wafersim {

inline constexpr std::array kForwardings{
    Choice<Forwarding>{"cut_through", Forwarding::cut_through},
    Choice<Forwarding>{"store_and_forward", Forwarding::store_and_forward}};
constexpr std::span<const Choice<Forwarding>> choices(Forwarding /*any*/) {
  return kForwardings;
}

inline constexpr std::array kTiers{Choice<Tier>{"dram", Tier::dram}, Choice<Tier>{"flash", Tier::flash}};
constexpr std::span<const Choice<Tier>> choices(Tier /*any*/) {
  return kTiers;
}

inline constexpr std::array kFidelities{Choice<Fidelity>{"flow", Fidelity::flow},
                                        Choice<Fidelity>{"sampled", Fidelity::sampled},
                                        Choice<Fidelity>{"folded", Fidelity::folded}};
constexpr std::span<const Choice<Fidelity>> choices(Fidelity /*any*/) {
  return kFidelities;
}

inline constexpr std::array kTokenOrders{Choice<TokenOrder>{"in_order", TokenOrder::in_order},
                                         Choice<TokenOrder>{"dealt", TokenOrder::dealt}};
constexpr std::span<const Choice<TokenOrder>> choices(TokenOrder /*any*/) {
  return kTokenOrders;
}

inline constexpr std::array kOnFailedNode{Choice<OnFailedNode>{"continue", OnFailedNode::go_on},
                                          Choice<OnFailedNode>{"stop", OnFailedNode::stop}};
constexpr std::span<const Choice<OnFailedNode>> choices(OnFailedNode /*any*/) {
  return kOnFailedNode;
}

inline constexpr std::array kUpdateGranularities{
    Choice<UpdateGranularity>{"layer", UpdateGranularity::layer},
    Choice<UpdateGranularity>{"chunk", UpdateGranularity::chunk}};
constexpr std::span<const Choice<UpdateGranularity>> choices(UpdateGranularity /*any*/) {
  return kUpdateGranularities;
}

namespace bounds {
using namespace literals;
inline constexpr Bytes kLeastSram = 1_KiB;
inline constexpr Bytes kMostSram = 1_GiB;
inline constexpr Bytes kMostStore{1ULL << 50U};
inline constexpr BytesPerSecond kLeastRate{1'000'000};
inline constexpr BytesPerSecond kMostRate{1'000'000'000'000'000};
inline constexpr Picoseconds kMostLatency{1'000'000'000'000};
inline constexpr std::uint64_t kMostCycles = 10'000;
inline constexpr std::uint64_t kMostDramClocks = 65'535;
inline constexpr std::uint64_t kMostEnergy = 1'000'000'000;
// A thousandth on each side, so that neither streaming nor the optimizer is left with nothing.
inline constexpr Fraction kLeastShare{Fraction::kOne / 1000};
inline constexpr Fraction kMostShare{Fraction::kOne - Fraction::kOne / 1000};
}  // namespace bounds

template <class Visitor>
void visit_fields(Visitor& v, PeSpec& pe) {
  using namespace bounds;
  v.field("sram", pe.sram, {.help = "memory of one PE, code and data", .low = kLeastSram, .high = kMostSram});
  v.field("reserved", pe.reserved,
          {.help = "part of it that tensors cannot use: code, stack, descriptors", .high = kMostSram});
  v.field("fmacs_fp16", pe.fmacs_fp16, {.help = "FP16 multiply-adds a cycle", .low = 1, .high = 64});
  v.field("fmacs_mixed", pe.fmacs_mixed,
          {.help = "multiply-adds a cycle with FP16 operands and an FP32 accumulator", .low = 1, .high = 64});
  v.field("fmacs_fp32", pe.fmacs_fp32, {.help = "FP32 multiply-adds a cycle", .low = 1, .high = 64});
  v.field("sram_read_per_cycle", pe.sram_read_per_cycle,
          {.help = "bytes that the SRAM's ports read in a cycle", .low = 1_B, .high = 64_B});
  v.field("sram_write_per_cycle", pe.sram_write_per_cycle,
          {.help = "bytes that they write in a cycle", .low = 1_B, .high = 64_B});
  v.field("instruction_startup", pe.instruction_startup,
          {.help = "cycles of a vector instruction before its first element", .high = kMostCycles});
  v.field("wavelet_overhead", pe.wavelet_overhead,
          {.help = "cycles of a data-triggered instruction beside its elements", .high = kMostCycles});
  v.field("task_dispatch", pe.task_dispatch,
          {.help = "cycles from an activated task to its first instruction", .high = kMostCycles});
  v.field("accumulators", pe.accumulators,
          {.help = "output features whose partial sums may be in flight at once", .low = 1, .high = 4096});
  v.field("skip_block", pe.skip_block,
          {.help = "neighbouring weights of an output feature that can only be skipped together: if any of "
                   "them is kept, all are sent and multiplied; 1 skips weight by weight",
           .low = 1,
           .high = 64,
           .presence = Presence::defaulted});
  v.field("divide_cycles", pe.divide_cycles,
          {.help = "cycles of one FP32 division", .low = 1, .high = kMostCycles});
  v.field("exponential_cycles", pe.exponential_cycles,
          {.help = "cycles of one exponential", .low = 1, .high = kMostCycles});
}

template <class Visitor>
void visit_fields(Visitor& v, FabricSpec& fabric) {
  using namespace bounds;
  v.field("ramp_latency", fabric.ramp_latency,
          {.help = "cycles between a PE and its router, each way", .low = 1, .high = kMostCycles});
  v.field("hop_latency", fabric.hop_latency,
          {.help = "cycles from router to router", .low = 1, .high = kMostCycles});
  v.field("wavelet", fabric.wavelet,
          {.help = "payload of a wavelet; each link carries one a cycle each way", .low = 4_B, .high = 16_B});
}

template <class Visitor>
void visit_fields(Visitor& v, WaferIoSpec& io) {
  using namespace bounds;
  v.field("lanes", io.lanes, {.help = "Ethernet lanes of a node", .low = 1, .high = 1024});
  v.field("lane_rate", io.lane_rate,
          {.help = "rate of a lane, each way", .low = kLeastRate, .high = kMostRate});
  v.field("ports", io.ports,
          {.help = "ports at the wafer's edge that the lanes feed", .low = 1, .high = 100'000});
  v.field("port_rate", io.port_rate,
          {.help = "rate of a port, each way", .low = kLeastRate, .high = kMostRate});
  v.field("latency", io.latency,
          {.help = "from the Ethernet wire to the wafer's edge, everything between included",
           .high = kMostLatency});
}

template <class Visitor>
void visit_fields(Visitor& v, EnergySpec& energy) {
  using namespace bounds;
  v.field(
      "femtojoules_per_fmac", energy.femtojoules_per_fmac,
      {.help = "energy of one FP16 multiply-add, with all that the core spends on it", .high = kMostEnergy});
  v.field("femtojoules_per_wavelet_hop", energy.femtojoules_per_wavelet_hop,
          {.help = "energy of moving one wavelet from router to router", .high = kMostEnergy});
}

template <class Visitor>
void visit_fields(Visitor& v, MappingSpec& mapping) {
  v.field("groups", mapping.groups,
          {.help = "column groups that share the tokens, each with all features; auto: the mapper chooses",
           .low = 1,
           .high = 100'000,
           .nothing = "auto"});
  v.field(
      "bands", mapping.bands,
      {.help = "row bands that share the features, for wide models with few tokens; auto: the mapper chooses",
       .low = 1,
       .high = 100'000,
       .nothing = "auto"});
  v.field("tokens", mapping.tokens,
          {.help = "of a sequence: in_order gives each row neighbours, and the last row meets all keys of a "
                   "causal attention; dealt gives each row early and late ones, which balances the rows, but "
                   "then every row meets the keys of all windows",
           .presence = Presence::defaulted});
}

template <class Visitor>
void visit_fields(Visitor& v, WaferSpec& wafer) {
  using namespace bounds;
  v.field("grid", wafer.grid, {.help = "PEs, columns x rows; each side 2 to 100000, at most 10^8 PEs"});
  v.field("clock", wafer.clock,
          {.help = "of PEs and fabric", .low = Hertz{1000}, .high = Hertz{100'000'000'000}});
  v.field("pe", wafer.pe, {.help = "one processing element"});
  v.field("fabric", wafer.fabric, {.help = "the network on the wafer"});
  v.field("io", wafer.io, {.help = "where bytes enter and leave the wafer"});
  v.field("receive_buffer", wafer.receive_buffer,
          {.help = "per PE, for weights that arrive ahead of their layer", .low = 1_B, .high = kMostSram});
  v.field("gradient_buffer", wafer.gradient_buffer,
          {.help = "per PE, for gradients on their way out", .low = 1_B, .high = kMostSram});
  v.field("software_efficiency", wafer.software_efficiency,
          {.help = "cycles of a kernel by its closed form, by those that the software needs; 1 is a machine "
                   "whose kernels are ideal",
           .low = kLeastShare,
           .high = Fraction{Fraction::kOne}});
  v.field("energy", wafer.energy, {.help = "energy of the two things that happen most"});
  v.field("mapping", wafer.mapping,
          {.help = "how layers are laid on the grid", .presence = Presence::defaulted});
  v.field(
      "fidelity", wafer.fidelity,
      {.help = "of linear layers: flow is closed forms; folded runs their programs on the mesh, wavelet by "
               "wavelet, equal rows once; sampled only so many output features that the rest follows",
       .presence = Presence::defaulted});
}

template <class Visitor>
void visit_fields(Visitor& v, DramTimingSpec& timing) {
  using namespace bounds;
  const auto clocks = [&](std::string_view key, std::uint64_t& value, std::string_view help) {
    v.field(key, value, {.help = help, .low = 1, .high = kMostDramClocks});
  };
  clocks("cl", timing.cl, "tCL: read command to its data");
  clocks("cwl", timing.cwl, "tCWL: write command to its data");
  clocks("rcd", timing.rcd, "tRCD: activate to read or write");
  clocks("rp", timing.rp, "tRP: precharge to activate");
  clocks("ras", timing.ras, "tRAS: activate to precharge");
  clocks("rc", timing.rc, "tRC: activate to activate of the same bank");
  clocks("ccd_s", timing.ccd_s, "tCCD_S: read to read or write to write, different bank groups");
  clocks("ccd_l", timing.ccd_l, "tCCD_L: read to read, same bank group");
  clocks("ccd_l_wr", timing.ccd_l_wr, "tCCD_L_WR: write to write, same bank group");
  clocks("rrd_s", timing.rrd_s, "tRRD_S: activate to activate, different bank groups");
  clocks("rrd_l", timing.rrd_l, "tRRD_L: activate to activate, same bank group");
  clocks("faw", timing.faw, "tFAW: window of at most four activates of a rank");
  clocks("rtp", timing.rtp, "tRTP: read to precharge");
  clocks("wr", timing.wr, "tWR: end of written data to precharge");
  clocks("wtr_s", timing.wtr_s, "tWTR_S: end of written data to read, different bank groups");
  clocks("wtr_l", timing.wtr_l, "tWTR_L: end of written data to read, same bank group");
  clocks("read_to_write", timing.read_to_write, "gap on the bus between the data of a read and of a write");
  clocks("rank_switch", timing.rank_switch, "gap on the bus between the data of two ranks");
  clocks("refi", timing.refi, "tREFI: distance of refreshes");
  clocks("rfc", timing.rfc, "tRFC: a refresh of all banks");
}

template <class Visitor>
void visit_fields(Visitor& v, DramSpec& dram) {
  using namespace bounds;
  v.field("capacity", dram.capacity, {.help = "per shard", .low = 1_MiB, .high = kMostStore});
  v.field("stream_share", dram.stream_share,
          {.help = "part of the time kept for streaming weights; the optimizer has the rest",
           .low = kLeastShare,
           .high = kMostShare});
  v.field("channels", dram.channels, {.help = "per shard", .low = 1, .high = 1024});
  v.field("clock", dram.clock,
          {.help = "of a channel, which moves data twice a clock",
           .low = Hertz{1'000'000},
           .high = Hertz{100'000'000'000}});
  v.field("bus", dram.bus, {.help = "data of one transfer on a channel", .low = 1_B, .high = 1_KiB});
  v.field("burst_length", dram.burst_length,
          {.help = "transfers of one read or write", .low = 2, .high = 64});
  v.field("ranks", dram.ranks, {.help = "per channel", .low = 1, .high = 16});
  v.field("bank_groups", dram.bank_groups, {.help = "per rank", .low = 1, .high = 16});
  v.field("banks", dram.banks, {.help = "per bank group", .low = 1, .high = 16});
  v.field("page", dram.page,
          {.help = "open row of a bank, over all chips of a rank", .low = 64_B, .high = 64_KiB});
  v.field("batch", dram.batch,
          {.help = "bursts that the controller sends one way before it turns", .low = 1, .high = 1024});
  v.field("lookahead", dram.lookahead,
          {.help = "bursts that it knows of before their turn, to open their rows", .low = 1, .high = 1024});
  v.field("timing", dram.timing, {.help = "what the devices make the controller wait for, in clocks"});
}

template <class Visitor>
void visit_fields(Visitor& v, FlashSpec& flash) {
  using namespace bounds;
  v.field("capacity", flash.capacity,
          {.help = "per shard; 0 B is a store without flash", .high = kMostStore});
  v.field("interface", flash.interface,
          {.help = "per shard, between flash and server, each way", .low = kLeastRate, .high = kMostRate});
  v.field("read_ahead", flash.read_ahead,
          {.help = "per shard, DRAM that holds weights read ahead of their turn",
           .low = 1_KiB,
           .high = kMostStore});
  v.field("stream_share", flash.stream_share,
          {.help = "part of the reading kept for streaming weights; the optimizer has the rest",
           .low = kLeastShare,
           .high = kMostShare});
  v.field("write_share", flash.write_share,
          {.help = "part of the time of dies and channels kept for writing; reading has the rest",
           .low = kLeastShare,
           .high = kMostShare});
  v.field("channels", flash.channels,
          {.help = "per shard, buses between controllers and dies", .low = 1, .high = 100'000});
  v.field("channel_rate", flash.channel_rate,
          {.help = "of one of them", .low = kLeastRate, .high = kMostRate});
  v.field("dies", flash.dies, {.help = "on a channel", .low = 1, .high = 1024});
  v.field("planes", flash.planes, {.help = "of a die, working at the same time", .low = 1, .high = 64});
  v.field("page", flash.page,
          {.help = "of a plane, read or programmed at once", .low = 512_B, .high = 1_MiB});
  v.field("pages_per_block", flash.pages_per_block, {.help = "erased at once", .low = 1, .high = 1'000'000});
  v.field("read_time", flash.read_time,
          {.help = "tR: a page from the cells into the page buffer", .low = 1_ns, .high = kMostLatency});
  v.field("program_time", flash.program_time,
          {.help = "tPROG: a page from the page buffer into the cells", .low = 1_ns, .high = kMostLatency});
  v.field("erase_time", flash.erase_time, {.help = "tBERS: a block", .low = 1_ns, .high = kMostLatency});
  v.field("over_provisioning", flash.over_provisioning,
          {.help = "spare cells, as a part of the capacity", .high = Fraction{10 * Fraction::kOne}});
  v.field("write_amplification", flash.write_amplification,
          {.help = "bytes programmed for each byte written",
           .low = Fraction{Fraction::kOne},
           .high = Fraction{100 * Fraction::kOne}});
  v.field("endurance", flash.endurance,
          {.help = "times that a block can be erased", .low = 1, .high = 1'000'000'000});
}

template <class Visitor>
void visit_fields(Visitor& v, PlacementSpec& placement) {
  v.field("weights", placement.weights,
          {.help = "tier of the weights as they are streamed; auto: DRAM first, flash beyond, by layer",
           .nothing = "auto"});
  v.field("gradients", placement.gradients, {.help = "tier of a step's gradient sums", .nothing = "auto"});
  v.field("optimizer", placement.optimizer,
          {.help = "tier of the master weights and moments", .nothing = "auto"});
}

template <class Visitor>
void visit_fields(Visitor& v, MemoryXSpec& memoryx) {
  v.field("groups", memoryx.groups,
          {.help = "sets of servers that hold and stream the model together, each with one server per lane",
           .low = 1,
           .high = 4,
           .presence = Presence::defaulted});
  v.field("shards", memoryx.shards, {.help = "servers of a group, one per lane", .low = 1, .high = 1024});
  v.field("dram", memoryx.dram, {.help = "the fast tier"});
  v.field("flash", memoryx.flash, {.help = "the large tier"});
  v.field("placement", memoryx.placement,
          {.help = "which tensors live in which tier", .presence = Presence::defaulted});
  v.field(
      "optimizer_flops", memoryx.optimizer_flops,
      {.help = "FP32 operations a second, per shard", .low = 1'000'000, .high = 1'000'000'000'000'000'000});
  v.field(
      "update_granularity", memoryx.update_granularity,
      {.help = "what must have been updated before the next step may stream a chunk of a layer's weights: "
               "all of the layer, or the chunk",
       .presence = Presence::defaulted});
}

template <class Visitor>
void visit_fields(Visitor& v, LinkFault& fault) {
  v.field("lane", fault.lane, {.help = "whose tree, from 0", .high = 1023});
  v.field("level", fault.level,
          {.help = "of the link: 0 comes from MemoryX, the last level leads to the nodes", .high = 63});
  v.field(
      "index", fault.index,
      {.help = "of the switch or node that it leads to, from the left on its level, from 0", .high = 65535});
  v.field(
      "rate", fault.rate,
      {.help = "share of the link's rate that is left, both ways; 0 is a failed link, whose lane's traffic "
               "moves to the other lanes",
       .high = Fraction{Fraction::kOne}});
}

template <class Visitor>
void visit_fields(Visitor& v, SwarmXSpec& swarmx) {
  using namespace bounds;
  v.field("fanout", swarmx.fanout, {.help = "children of a switch", .low = 2, .high = 1024});
  v.field(
      "fanouts", swarmx.fanouts,
      {.help = "children of the switches of each level, from MemoryX down, the last for all levels below; "
               "empty is fanout on all levels",
       .low = 2,
       .high = 1024,
       .presence = Presence::defaulted});
  v.field("link_rate", swarmx.link_rate,
          {.help = "rate of a link, each way", .low = kLeastRate, .high = kMostRate});
  v.field("hop_latency", swarmx.hop_latency, {.help = "time through a switch", .high = kMostLatency});
  v.field("chunk", swarmx.chunk,
          {.help = "what a switch forwards as one; at most half of the buffer", .low = 1_KiB, .high = 1_GiB});
  v.field("buffer", swarmx.buffer, {.help = "per port of a switch", .low = 2_KiB, .high = 1024_GiB});
  v.field("forwarding", swarmx.forwarding,
          {.help = "whether a switch passes a chunk on while it arrives, or only when all of it is there"});
  v.field("reduce_rate", swarmx.reduce_rate,
          {.help = "gradients, from all children of a lane together, that a switch adds up",
           .low = kLeastRate,
           .high = kMostRate});
  v.field("link_faults", swarmx.link_faults,
          {.help = "links that are slow or have failed", .presence = Presence::defaulted});
}

template <class Visitor>
void visit_fields(Visitor& v, Straggler& straggler) {
  using namespace bounds;
  v.field("node", straggler.node, {.help = "which node, from 0", .high = 65535});
  v.field("speed", straggler.speed,
          {.help = "of its wafer against the others", .low = kLeastShare, .high = Fraction{Fraction::kOne}});
}

template <class Visitor>
void visit_fields(Visitor& v, ClusterSpec& cluster) {
  v.field("nodes", cluster.nodes, {.help = "wafers that train together", .low = 1, .high = 65536});
  v.field("max_nodes", cluster.max_nodes,
          {.help = "the most that the vendor supports", .low = 1, .high = 65536});
  v.field("stragglers", cluster.stragglers,
          {.help = "nodes that work more slowly than the others", .presence = Presence::defaulted});
  v.field(
      "jitter", cluster.jitter,
      {.help = "each operation of each node takes longer by a share drawn between 0 and this; the same draw "
               "in every step",
       .high = Fraction{Fraction::kOne},
       .presence = Presence::defaulted});
  v.field("jitter_seed", cluster.jitter_seed, {.help = "of those draws", .presence = Presence::defaulted});
  v.field("failed_nodes", cluster.failed_nodes,
          {.help = "nodes that take no part, from 0", .high = 65535, .presence = Presence::defaulted});
  v.field("on_failed_node", cluster.on_failed_node,
          {.help = "whether a step goes on without failed nodes, and without their sequences, or stops",
           .presence = Presence::defaulted});
  v.field("fold_nodes", cluster.fold_nodes, {.help = "simulate one node of each class of identical ones"});
  v.field("fold_lanes", cluster.fold_lanes, {.help = "simulate only the fullest of the identical lanes"});
  v.field("steps", cluster.steps,
          {.help = "training steps that are simulated; the last one is reported as the steady one",
           .low = 2,
           .high = 64});
}

template <class Visitor>
void visit_fields(Visitor& v, PublishedSpec& published) {
  v.field("cores", published.cores, {.help = "cores of a wafer"});
  v.field("peak_flops", published.peak_flops, {.help = "dense FP16 operations a second of a wafer"});
  v.field("sram", published.sram, {.help = "SRAM of a wafer"});
  v.field("sram_bandwidth", published.sram_bandwidth, {.help = "of a wafer, reads and writes"});
  v.field("fabric_bandwidth", published.fabric_bandwidth, {.help = "of a wafer, all links both ways"});
  v.field("io_bandwidth", published.io_bandwidth, {.help = "of a node, each way"});
  v.field("memoryx_capacity", published.memoryx_capacity, {.help = "of the largest weight store"});
}

template <class Visitor>
void visit_fields(Visitor& v, MachineSpec& machine) {
  v.field("name", machine.name, {.help = "what reports call the machine"});
  v.field("wafer", machine.wafer, {.help = "one wafer and its node"});
  v.field("memoryx", machine.memoryx, {.help = "the weight store"});
  v.field("swarmx", machine.swarmx, {.help = "the tree between store and nodes, one per lane"});
  v.field("cluster", machine.cluster, {.help = "how many nodes, and how they are simulated"});
  v.field("published", machine.published,
          {.help = "the vendor's headline figures, only printed beside the derived ones",
           .presence = Presence::defaulted});
}

}  // namespace wafersim
