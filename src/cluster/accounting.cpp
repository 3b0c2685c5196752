// The headline, the layers, the attribution and the memory.
#include "cluster/accounting.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/time.hpp"
#include "wafersim/cluster/attribution.hpp"
#include "wafersim/config/derived.hpp"
#include "wafersim/wafer/layer_traffic.hpp"
#include "wafersim/workload/summary.hpp"

#include "cluster/bottleneck.hpp"
#include "cluster/stations.hpp"
#include "cluster/store_report.hpp"

namespace wafersim {

namespace {

// Cycles of step `index`, counted from the end of the one before it.
Cycles step_cycles(const Wafer& wafer, std::size_t index) {
  const Instant began = index == 0 ? Instant{} : wafer.step_ends()[index - 1];
  return wafer.clock().between(began, wafer.step_ends()[index]);
}

// The one whose step is reported; with equal nodes the first.
const Wafer& busiest_wafer(const Cluster& cluster) {
  return *cluster.busiest_node().wafer;
}

double per_second(double amount, Picoseconds time) {
  return time == Picoseconds{} ? 0.0 : amount * 1e12 / static_cast<double>(time.count());
}

StepOutcome headline(const MachineSpec& machine, const PlannedRun& run, const Cluster& cluster) {
  const Wafer& wafer = busiest_wafer(cluster);
  const std::size_t last = wafer.step_ends().size() - 1;
  StepOutcome step =
      step_figures(machine, run.workload, run.wafer.sequences(), step_cycles(wafer, last), run.step.work);
  step.steady = step.cycles == step_cycles(wafer, last - 1);
  step.first_step_cycles = step_cycles(wafer, 0);
  return step;
}

void add_op(LayerOutcome& layer, const StepOp& op, const OpShare& share) {
  (op.pass == Pass::forward ? layer.forward_cycles : layer.backward_cycles) += share.total;
  layer.compute_cycles += share.compute;
  layer.fabric_cycles += share.fabric;
  layer.fill_cycles += share.fill;
  layer.stream_wait_cycles += share.stream_wait;
  layer.reduce_wait_cycles += share.reduce_wait;
  layer.update_wait_cycles += share.update_wait;
  layer.bytes_in += op.weights.bytes();
  layer.bytes_out += op.gradients.bytes();
  for (const Part part : kAllParts) layer.parts[index_of(part)] += share.parts[index_of(part)];
}

std::vector<LayerOutcome> layer_table(const PlannedRun& run, const Cluster& cluster,
                                      const StepShares& shares) {
  const Graph& graph = run.workload.graph;
  std::vector<LayerOutcome> layers;
  for (std::uint32_t id = 0; id < graph.layers.size(); ++id) {
    const Layer& layer = graph.layers[id];
    LayerOutcome row;
    row.name = layer.name;
    row.kind = to_string(layer.kind);
    row.weights = layer.owned_weights();
    row.nonzero_weights = run.step.program.stored[id].weights;
    row.update_cycles =
        cycles_in(cluster.shards().front()->update_time(id), busiest_wafer(cluster).clock().frequency());
    layers.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < shares.ops.size(); ++i) {
    const StepOp& op = run.step.program.ops[i];
    add_op(layers[op.layer], op, shares.ops[i]);
  }
  return layers;
}

std::vector<MemoryOutcome> memory_table(const MachineSpec& machine, const PlannedRun& run) {
  const MemoryXSpec store = lane_store(machine.memoryx);
  const Graph& graph = run.workload.graph;
  // The layer with the most weights of those that have something in the tier.
  const auto biggest = [&](Tier tier) -> std::string {
    const auto& stored = run.step.program.stored;
    std::size_t best = stored.size();
    for (std::size_t id = 0; id < stored.size(); ++id) {
      const TensorTiers& tiers = run.step.placement.tiers[id];
      if (stored[id].weights == 0) continue;
      if (tiers.weights != tier && tiers.gradients != tier && tiers.optimizer != tier) continue;
      if (best == stored.size() || stored[id].weights > stored[best].weights) best = id;
    }
    return best == stored.size() ? std::string{} : graph.layers[best].name;
  };
  return {{.name = "wafer.sram",
           .used = run.wafer.sram.used(),
           .capacity = run.wafer.sram.capacity,
           .largest = run.wafer.sram.largest().name},
          {.name = "memoryx.dram",
           .used = run.step.placement.dram_used,
           .capacity = store.dram.capacity * store.shards,
           .largest = biggest(Tier::dram)},
          {.name = "memoryx.flash",
           .used = run.step.placement.flash_used,
           .capacity = store.flash.capacity * store.shards,
           .largest = biggest(Tier::flash)}};
}

StreamCount expected(const StepProgram& program, Parcel StepOp::*parcel, std::uint64_t lane,
                     std::uint64_t lanes, std::uint64_t steps) {
  StreamCount count;
  for (const StepOp& op : program.ops) {
    const Parcel part = (op.*parcel).on_lane(lane, lanes);
    count.weights += part.weights() * steps;
    count.bytes += part.bytes() * steps;
  }
  return count;
}

StreamCount& operator+=(StreamCount& a, const StreamCount& b) {
  a.weights += b.weights;
  a.bytes += b.bytes;
  return a;
}

RunLedger ledger_of(const MachineSpec& machine, const PlannedRun& run, const Cluster& cluster,
                    const StepShares& shares, Picoseconds step_time) {
  RunLedger ledger;
  ledger.nodes = working_nodes(machine.cluster);
  const std::uint64_t lanes = cluster.working_lanes();
  for (std::size_t i = 0; i < cluster.shards().size(); ++i) {
    const ShardStats& stats = cluster.shards()[i]->stats();
    const std::uint64_t lane = cluster.simulated_lanes()[i];
    const StreamCount down = expected(run.step.program, &StepOp::weights, lane, lanes, machine.cluster.steps);
    const StreamCount up = expected(run.step.program, &StepOp::gradients, lane, lanes, machine.cluster.steps);
    ledger.lanes.push_back({.expected_down = down,
                            .sent_down = {stats.weights_sent, stats.weight_bytes_sent},
                            .expected_up = up,
                            .received_up = {stats.gradients_received, stats.gradient_bytes_received},
                            .trains_up = stats.trains_received,
                            .contributions_up = stats.contributions_received});
    ledger.expected_at_node += down;
    ledger.expected_from_node += up;
  }
  for (const NodeClass& node : cluster.nodes()) {
    const WaferStats& stats = node.wafer->stats();
    ledger.node_counts.push_back({.received = {stats.weights_received, stats.weight_bytes_received},
                                  .sent = {stats.gradients_sent, stats.gradient_bytes_sent}});
  }
  ledger.flops_counted = 2 * run.step.work.fmacs * working_nodes(machine.cluster);
  ledger.busy = busy_stations(cluster, machine, step_time);
  for (std::size_t i = 0; i < shares.ops.size(); ++i) {
    const StepOp& op = run.step.program.ops[i];
    ledger.waits.push_back(
        {.operation = fmt::format("{} of {}", to_string(op.pass), run.workload.graph.layers[op.layer].name),
         .total = shares.ops[i].total,
         .busy = shares.ops[i].compute + shares.ops[i].fabric + shares.ops[i].fill,
         .waited = shares.ops[i].waited});
  }
  return ledger;
}

void check_laws(RunLedger ledger, const Outcome& outcome) {
  ledger.flops_expected = outcome.step.flops_done;
  ledger.step = outcome.step.cycles;
  for (const PartOutcome& part : outcome.attribution) ledger.parts[index_of(part.part)] = part.cycles;
  for (const LayerOutcome& layer : outcome.layers) ledger.layer_parts.push_back(layer.parts);
  const std::vector<std::string> broken = violations(ledger);
  if (broken.empty()) return;
  throw InternalFault{fmt::format("the run broke its own laws:\n  {}", fmt::join(broken, "\n  "))};
}

std::string name_of_straggler(const MachineSpec& machine, const Cluster& cluster) {
  const NodeClass& node = cluster.busiest_node();
  if (machine.cluster.jitter > Fraction{}) return fmt::format("node {} (after jitter)", node.number);
  return fmt::format("node {} at {} of the speed of the others", node.number, spell(node.wafer->speed()));
}

std::string name_of_slow_link(const SwarmXSpec& swarmx) {
  const auto slower = [](const LinkFault& a, const LinkFault& b) {
    return b.rate == Fraction{} || (a.rate != Fraction{} && a.rate < b.rate);
  };
  const LinkFault& link = *std::min_element(swarmx.link_faults.begin(), swarmx.link_faults.end(), slower);
  return fmt::format("link {} into level {} of lane {} at {} of its rate", link.index, link.level, link.lane,
                     spell(link.rate));
}

}  // namespace

Cycles steady_step(const Cluster& cluster) {
  const Wafer& wafer = busiest_wafer(cluster);
  return step_cycles(wafer, wafer.step_ends().size() - 1);
}

StepOutcome step_figures(const MachineSpec& machine, const Workload& workload, std::uint64_t sequences,
                         Cycles cycles, const WaferWork& work) {
  const std::uint64_t nodes = working_nodes(machine.cluster);
  StepOutcome step;
  step.cycles = cycles;
  step.first_step_cycles = cycles;
  step.steady = true;
  step.time = time_of(cycles, machine.wafer.clock);
  step.samples_per_second = per_second(static_cast<double>(sequences * nodes), step.time);
  step.tokens_per_second = step.samples_per_second * static_cast<double>(workload.plan.sequence_length);
  const Work counted = work_of(workload, sequences * nodes);
  step.flops_done = counted.done.total();
  step.flops_skipped = counted.skipped.total();
  const auto pes = static_cast<double>(machine.wafer.grid.columns * machine.wafer.grid.rows * nodes);
  const double peak = pes * 2.0 * static_cast<double>(machine.wafer.pe.fmacs_fp16) *
                      static_cast<double>(machine.wafer.clock.count());
  step.utilization = per_second(static_cast<double>(step.flops_done), step.time) / peak;
  const EnergySpec& energy = machine.wafer.energy;
  const Wide femtojoules =
      ((work.fmacs + work.fmacs_of_zeros - work.fmacs_filtered) * energy.femtojoules_per_fmac +
       work.wavelet_hops * energy.femtojoules_per_wavelet_hop) *
      nodes;
  step.energy_joules = static_cast<double>(femtojoules) * 1e-15;
  return step;
}

Outcome account(const MachineSpec& machine, const PlannedRun& run, const Cluster& cluster,
                const WhatIfs& what_ifs) {
  const StepShares shares = share_out(busiest_wafer(cluster));
  const CyclesByPart parts = shares.parts();
  const TrainingPlan& plan = run.workload.plan;

  Outcome outcome;
  outcome.mode = plan.mode;
  outcome.nodes = working_nodes(machine.cluster);
  outcome.sequences_per_node = run.wafer.sequences();
  outcome.tokens_per_node = outcome.sequences_per_node * plan.sequence_length;
  outcome.bytes_per_parameter =
      sum_of(optimizer_cost(optimizer_kind(plan.optimizer), weight_bytes(plan), 0, 1).stored);
  outcome.parameters = run.workload.graph.parameters();
  outcome.plan = run.wafer;
  outcome.step = headline(machine, run, cluster);
  outcome.layers = layer_table(run, cluster, shares);
  judge_use(machine, run, outcome.layers);
  outcome.zeros = zeros_of(run.workload, run.wafer, run.step);
  outcome.stations =
      station_table(cluster, machine, run.step, outcome.step.cycles, parts[index_of(Part::compute)]);
  for (const Part part : kAllParts) {
    const std::size_t i = index_of(part);
    outcome.attribution.push_back(
        {.part = part, .cycles = parts[i], .step_cycles_if_infinite = steady_step(*what_ifs.one_part[i])});
  }
  outcome.step_cycles_if_stream_infinite = steady_step(*what_ifs.stream);
  if (what_ifs.equal_nodes != nullptr) {
    outcome.uneven.push_back({.what = name_of_straggler(machine, cluster),
                              .step_cycles_if_even = steady_step(*what_ifs.equal_nodes)});
  }
  if (what_ifs.equal_links != nullptr) {
    outcome.uneven.push_back({.what = name_of_slow_link(machine.swarmx),
                              .step_cycles_if_even = steady_step(*what_ifs.equal_links)});
  }
  outcome.memory = memory_table(machine, run);
  outcome.store = store_outcome(machine, run, outcome);
  check_laws(ledger_of(machine, run, cluster, shares, outcome.step.time), outcome);
  outcome.step.bottleneck = bottleneck_sentence(outcome);
  return outcome;
}

}  // namespace wafersim
