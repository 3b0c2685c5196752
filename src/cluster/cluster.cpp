// Builds the modules and binds their sockets.
#include "wafersim/cluster/cluster.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "wafersim/base/wide.hpp"
#include "wafersim/cluster/step_program.hpp"
#include "wafersim/config/derived.hpp"
#include "wafersim/memoryx/flash.hpp"
#include "wafersim/wafer/layer_traffic.hpp"

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
  choose_lanes();
  tree_ = plan_tree();
  make_nodes(tree_, 1);
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    if (nodes_[i].wafer->busy_per_step() > nodes_[busiest_].wafer->busy_per_step()) busiest_ = i;
  }
  if (trail_.keeps_times()) nodes_[busiest_].wafer->keep_records();
  for (lane_ = 0; lane_ < simulated_lanes_.size(); ++lane_) make_lane(simulated_lanes_[lane_]);
}

// A lane with a failed link carries nothing. Of the others those with a slow link stand for themselves, and
// the first of the rest, which carries as much as any of them, for all of the rest.
void Cluster::choose_lanes() {
  std::set<std::uint64_t> failed;
  std::set<std::uint64_t> slow;
  for (const LinkFault& fault : machine_.swarmx.link_faults)
    (fault.rate == Fraction{} ? failed : slow).insert(fault.lane);
  bool represented = false;
  for (std::uint64_t name = 0; name < machine_.wafer.io.lanes; ++name) {
    if (failed.contains(name)) continue;
    const bool equal = !slow.contains(name) && machine_.cluster.fold_lanes;
    if (!equal || !represented) simulated_lanes_.push_back(lane_names_.size());
    represented = represented || equal;
    lane_names_.push_back(name);
  }
}

TreeNode Cluster::plan_tree() const {
  const ClusterSpec& cluster = machine_.cluster;
  TreeSpec spec{.nodes = cluster.nodes, .fanouts = tree_fanouts(machine_.swarmx, cluster.nodes)};
  spec.failed = {cluster.failed_nodes.begin(), cluster.failed_nodes.end()};
  if (!scenario_.equal_nodes) {
    for (const Straggler& straggler : cluster.stragglers)
      spec.kinds.insert_or_assign(straggler.node, straggler.speed.billionths);
    // Every node draws for itself.
    for (std::uint64_t node = 0; cluster.jitter > Fraction{} && node < cluster.nodes; ++node)
      spec.kinds.insert_or_assign(node, Fraction::kOne + 1 + node);
  }
  for (const LinkFault& fault : machine_.swarmx.link_faults) {
    if (fault.rate == Fraction{} || scenario_.equal_links) continue;
    spec.slow_links.push_back(
        {.lane = fault.lane, .level = fault.level, .index = fault.index, .rate = fault.rate});
  }
  return build_tree(spec, cluster.fold_nodes ? Folding::folded : Folding::unfolded);
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

StationSpec Cluster::link_into(const TreeNode& to, std::uint64_t lane) const {
  StationSpec link = to.branches.empty() ? node_link() : swarmx_link();
  const auto slow = to.slow.find(lane_names_[lane]);
  if (slow != to.slow.end() && link.rate != kUnlimited)
    link.rate = part_of(link.rate, slow->second.billionths);
  return link;
}

// Infinitely fast together with the links that it feeds.
StationSpec Cluster::adder() const {
  StationSpec adder = swarmx_link();
  adder.rate = rate(Part::swarmx, machine_.swarmx.reduce_rate);
  adder.latency = {};
  return adder;
}

ShardSpec Cluster::shard_spec(std::uint64_t lane) const {
  const MemoryXSpec store = lane_store(machine_.memoryx);
  const FlashShares flash = flash_shares(store.flash);
  const BytesPerSecond dram_clocks{store.dram.clock.count()};
  StationSpec link = link_into(tree_, lane);
  link.serving = Serving::store_and_forward;  // a chunk leaves when it has been read
  return {.lane = lane,
          .lanes = working_lanes(),
          .steps = static_cast<std::uint32_t>(machine_.cluster.steps),
          .chunk = machine_.swarmx.chunk,
          .dram_stream = rate(Part::dram, for_streaming(dram_clocks, store.dram.stream_share)),
          .dram_update = rate(Part::dram, for_updates(dram_clocks, store.dram.stream_share)),
          .flash_stream = rate(Part::flash, flash.stream),
          .flash_update_read = rate(Part::flash, flash.update_reads),
          .flash_update_write = rate(Part::flash, flash.update_writes),
          .read_ahead = store.flash.read_ahead,
          .optimizer = rate(Part::update, BytesPerSecond{store.optimizer_flops}),
          .granularity = store.update_granularity,
          .link = link};
}

WaferModuleSpec Cluster::wafer_spec(const TreeNode& leaf) const {
  const WaferSpec& wafer = machine_.wafer;
  const Bytes pes{wafer.grid.columns * wafer.grid.rows};
  const auto per_lane = [&](Bytes per_pe) { return Bytes{(pes * per_pe.count()).count() / working_lanes()}; };
  WaferModuleSpec spec{
      .clock = wafer.clock,
      .lanes = working_lanes(),
      .simulated_lanes = simulated_lanes_,
      .steps = static_cast<std::uint32_t>(machine_.cluster.steps),
      .chunk = machine_.swarmx.chunk,
      .receive_buffer = std::max(per_lane(wafer.receive_buffer), machine_.swarmx.chunk * 2),
      .gradient_buffer = std::max(per_lane(wafer.gradient_buffer), machine_.swarmx.chunk * 2),
      .links_up = {},
      .free_compute = infinite(Part::compute),
      .free_fabric = infinite(Part::fabric),
      .free_fill = infinite(Part::fill)};
  for (const std::uint64_t lane : simulated_lanes_) {
    spec.links_up.push_back(link_into(leaf, lane));
    spec.links_up.back().serving = Serving::store_and_forward;
  }
  if (scenario_.equal_nodes) return spec;
  for (const Straggler& straggler : machine_.cluster.stragglers) {
    if (straggler.node == leaf.first) spec.speed = straggler.speed;
  }
  spec.jitter = machine_.cluster.jitter;
  spec.jitter_seed = machine_.cluster.jitter_seed + leaf.first;
  return spec;
}

void Cluster::make_nodes(const TreeNode& tree, std::uint64_t multiplicity) {
  if (tree.branches.empty()) {
    const std::string name = fmt::format("node{}", nodes_.size());
    nodes_.push_back({std::make_unique<Wafer>(name.c_str(), wafer_spec(tree), program_, trail_, faults_),
                      multiplicity, tree.first});
    return;
  }
  for (const auto& [equal, subtree] : tree.branches) make_nodes(subtree, multiplicity * equal);
}

void Cluster::make_lane(std::uint64_t lane) {
  next_node_ = 0;
  const std::string name = fmt::format("shard{}", lane);
  shards_.push_back(std::make_unique<Shard>(name.c_str(), shard_spec(lane), program_, trail_, faults_));
  connect(shards_.back()->down, shards_.back()->up, tree_, 0, 1);
}

void Cluster::connect(OutPort& down, InPort& up, const TreeNode& tree, std::uint64_t level,
                      std::uint64_t multiplicity) {
  if (tree.branches.empty()) {
    Wafer& wafer = *nodes_[next_node_++].wafer;
    down.socket.bind(wafer.weights_in(lane_).socket);
    wafer.gradients_out(lane_).socket.bind(up.socket);
    return;
  }
  const std::uint64_t lane = simulated_lanes_[lane_];
  SwitchSpec spec{.chunk = machine_.swarmx.chunk,
                  .buffer = machine_.swarmx.buffer,
                  .adder = adder(),
                  .link_up = link_into(tree, lane),
                  .children = {}};
  for (const auto& [equal, subtree] : tree.branches) {
    spec.children.push_back({.multiplicity = equal, .link = link_into(subtree, lane)});
  }
  const bool feeds_nodes = tree.branches.front().subtree.branches.empty();
  const std::string name = fmt::format("lane{}_level{}_switch{}", lane, level, switches_.size());
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
