// Builds the modules and binds their sockets.
#include "wafersim/cluster/cluster.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/wide.hpp"
#include "wafersim/cluster/step_program.hpp"
#include "wafersim/memoryx/flash.hpp"

namespace wafersim {

namespace {

// A share of a rate, rounded down but never to nothing.
BytesPerSecond part_of(BytesPerSecond rate, std::uint64_t billionths) {
  return BytesPerSecond{
      std::max<std::uint64_t>(1, multiply_divide_down(rate.count(), billionths, Fraction::kOne))};
}

BytesPerSecond for_streaming(BytesPerSecond rate, Fraction share) {
  return part_of(rate, share.billionths);
}
BytesPerSecond for_updates(BytesPerSecond rate, Fraction share) {
  return part_of(rate, Fraction::kOne - share.billionths);
}

}  // namespace

Cluster::Cluster(const sc_core::sc_module_name& name, const MachineSpec& machine, const TrainingPlan& plan,
                 const StepProgram& program, const Scenario& scenario, Faults& faults)
    : sc_module{name},
      machine_{machine},
      plan_{plan},
      program_{program},
      scenario_{scenario},
      faults_{faults},
      trail_{scenario.explain} {
  const Folding folding = machine.cluster.fold_nodes ? Folding::folded : Folding::unfolded;
  const TreeNode tree = build_tree(machine.cluster.nodes, machine.swarmx.fanout, folding);
  make_nodes(tree, 1);
  const std::uint64_t lanes = machine.cluster.fold_lanes ? 1 : machine.wafer.io.lanes;
  for (std::uint64_t lane = 0; lane < lanes; ++lane) make_lane(lane, tree);
}

bool Cluster::infinite(Part part) const {
  return std::find(scenario_.infinite.begin(), scenario_.infinite.end(), part) != scenario_.infinite.end();
}

BytesPerSecond Cluster::rate(Part part, BytesPerSecond normal) const {
  return infinite(part) ? kUnlimited : normal;
}

StationSpec Cluster::swarmx_link() const {
  const SwarmXSpec& swarmx = machine_.swarmx;
  return {.part = Part::swarmx,
          .rate = rate(Part::swarmx, swarmx.link_rate),
          .latency = infinite(Part::fill) ? Picoseconds{} : swarmx.hop_latency,
          .serving = swarmx.forwarding == Forwarding::cut_through ? Serving::cut_through
                                                                  : Serving::store_and_forward};
}

StationSpec Cluster::node_link() const {
  const WaferIoSpec& io = machine_.wafer.io;
  // The lanes share the edge ports of the wafer evenly.
  const BytesPerSecond ports{multiply_divide_down(io.port_rate.count(), io.ports, io.lanes)};
  StationSpec link = swarmx_link();
  link.part = Part::io;
  link.rate = rate(Part::io, std::min(io.lane_rate, std::max(ports, BytesPerSecond{1})));
  link.latency = infinite(Part::fill) ? Picoseconds{} : io.latency;
  return link;
}

ShardSpec Cluster::shard_spec(std::uint64_t lane, bool direct) const {
  const MemoryXSpec& store = machine_.memoryx;
  const FlashShares flash = flash_shares(store.flash);
  const BytesPerSecond dram_clocks{store.dram.clock.count()};
  StationSpec link = direct ? node_link() : swarmx_link();
  link.serving = Serving::store_and_forward;  // a chunk leaves when it has been read
  return {.lane = lane,
          .lanes = machine_.wafer.io.lanes,
          .steps = static_cast<std::uint32_t>(machine_.cluster.steps),
          .chunk = machine_.swarmx.chunk,
          .dram_stream = rate(Part::dram, for_streaming(dram_clocks, store.dram.stream_share)),
          .dram_update = rate(Part::dram, for_updates(dram_clocks, store.dram.stream_share)),
          .flash_stream = rate(Part::flash, flash.stream),
          .flash_update_read = rate(Part::flash, flash.update_reads),
          .flash_update_write = rate(Part::flash, flash.update_writes),
          .read_ahead = store.flash.read_ahead,
          .optimizer = rate(Part::update, BytesPerSecond{store.optimizer_flops}),
          .link = link};
}

WaferModuleSpec Cluster::wafer_spec() const {
  const WaferSpec& wafer = machine_.wafer;
  const Bytes pes{wafer.grid.columns * wafer.grid.rows};
  const auto per_lane = [&](Bytes per_pe) { return Bytes{(pes * per_pe.count()).count() / wafer.io.lanes}; };
  StationSpec link = node_link();
  link.serving = Serving::store_and_forward;
  return {.clock = wafer.clock,
          .lanes = wafer.io.lanes,
          .simulated_lanes = machine_.cluster.fold_lanes ? 1 : wafer.io.lanes,
          .steps = static_cast<std::uint32_t>(machine_.cluster.steps),
          .chunk = machine_.swarmx.chunk,
          .receive_buffer = std::max(per_lane(wafer.receive_buffer), machine_.swarmx.chunk * 2),
          .gradient_buffer = std::max(per_lane(wafer.gradient_buffer), machine_.swarmx.chunk * 2),
          .link_up = link,
          .free_compute = infinite(Part::compute),
          .free_fabric = infinite(Part::fabric),
          .free_fill = infinite(Part::fill)};
}

void Cluster::make_nodes(const TreeNode& tree, std::uint64_t multiplicity) {
  if (tree.branches.empty()) {
    const std::string name = fmt::format("node{}", nodes_.size());
    WaferModuleSpec spec = wafer_spec();
    spec.keep_records = nodes_.empty() && scenario_.explain == Trail::Mode::record;
    nodes_.push_back({std::make_unique<Wafer>(name.c_str(), spec, program_, trail_, faults_), multiplicity});
    return;
  }
  for (const auto& [equal, subtree] : tree.branches) make_nodes(subtree, multiplicity * equal);
}

void Cluster::make_lane(std::uint64_t lane, const TreeNode& tree) {
  lane_ = lane;
  next_node_ = 0;
  const std::string name = fmt::format("shard{}", lane);
  shards_.push_back(std::make_unique<Shard>(name.c_str(), shard_spec(lane, tree.branches.empty()), program_,
                                            trail_, faults_));
  connect(shards_.back()->down, shards_.back()->up, tree, 0, 1);
}

void Cluster::connect(OutPort& down, InPort& up, const TreeNode& tree, std::uint64_t level,
                      std::uint64_t multiplicity) {
  if (tree.branches.empty()) {
    Wafer& wafer = *nodes_[next_node_++].wafer;
    down.socket.bind(wafer.weights_in(lane_).socket);
    wafer.gradients_out(lane_).socket.bind(up.socket);
    return;
  }
  const bool feeds_nodes = tree.branches.front().subtree.branches.empty();
  SwitchSpec spec{.chunk = machine_.swarmx.chunk,
                  .buffer = machine_.swarmx.buffer,
                  .link_down = feeds_nodes ? node_link() : swarmx_link(),
                  .link_up = swarmx_link(),
                  .children = {}};
  for (const auto& branch : tree.branches) spec.children.push_back(branch.multiplicity);
  const std::string name = fmt::format("lane{}_level{}_switch{}", lane_, level, switches_.size());
  switches_.push_back(
      {std::make_unique<Switch>(name.c_str(), spec, trail_), level, multiplicity, feeds_nodes});
  Switch& module = *switches_.back().module;
  down.socket.bind(module.from_parent.socket);
  module.to_parent.socket.bind(up.socket);
  for (std::size_t child = 0; child < tree.branches.size(); ++child) {
    const auto& [equal, subtree] = tree.branches[child];
    connect(module.to_child(child), module.from_child(child), subtree, level + 1, multiplicity * equal);
  }
}

bool Cluster::finished() const {
  return std::all_of(nodes_.begin(), nodes_.end(),
                     [](const NodeClass& node) { return node.wafer->finished(); }) &&
         std::all_of(shards_.begin(), shards_.end(), [](const auto& shard) { return shard->finished(); });
}

std::string Cluster::waiting_for() const {
  for (const NodeClass& node : nodes_) {
    if (!node.wafer->finished()) return node.wafer->waiting_for();
  }
  return "MemoryX has not sent everything";
}

}  // namespace wafersim
