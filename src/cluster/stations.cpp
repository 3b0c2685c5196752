// Bytes come from the program, exactly; busy times come from the simulated stations.
#include "cluster/stations.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/time.hpp"
#include "wafersim/config/derived.hpp"
#include "wafersim/memoryx/flash.hpp"
#include "wafersim/wafer/layer_traffic.hpp"

namespace wafersim {

namespace {

double per_second(Wide bytes, Picoseconds time) {
  return time == Picoseconds{} ? 0.0 : static_cast<double>(bytes) * 1e12 / static_cast<double>(time.count());
}
double fraction(Picoseconds part, Picoseconds whole) {
  return whole == Picoseconds{} ? 0.0
                                : static_cast<double>(part.count()) / static_cast<double>(whole.count());
}
double as_double(Bytes bytes) {
  return static_cast<double>(bytes.count());
}
double as_double(BytesPerSecond rate) {
  return static_cast<double>(rate.count());
}

StationOutcome station(std::string name, Wide bytes, double peak, Picoseconds busy, Picoseconds time) {
  return {.name = std::move(name),
          .bytes = bytes,
          .achieved_bytes_per_second = per_second(bytes, time),
          .peak_bytes_per_second = peak,
          .busy_fraction = fraction(busy, time)};
}

// Builds the rows; `steps` steps have been simulated, the steady one takes `time`.
class Table {
 public:
  Table(const Cluster& cluster, const MachineSpec& machine, Picoseconds time)
      : cluster_{cluster}, machine_{machine}, time_{time} {}

  void row(std::string name, Wide bytes, double peak, Picoseconds busy_per_step) {
    rows_.push_back(station(std::move(name), bytes, peak, busy_per_step, time_));
  }
  [[nodiscard]] Picoseconds per_step(Picoseconds busy) const {
    return Picoseconds{busy.count() / machine_.cluster.steps};
  }
  [[nodiscard]] Picoseconds busy(const Station& station) const { return per_step(station.stats().busy); }

  // The busiest link into each level of the tree, down or up; the last entry is the nodes' own.
  [[nodiscard]] std::vector<Picoseconds> busiest_links() const {
    const std::uint64_t levels = tree_levels(cluster_.tree());
    std::vector<Picoseconds> most(levels + 1);
    const auto note = [&](std::uint64_t level, const Station& station) {
      most[level] = std::max(most[level], busy(station));
    };
    for (const auto& shard : cluster_.shards()) note(0, shard->link());
    for (const SwitchClass& one : cluster_.switches()) {
      note(one.level, one.module->link_up());
      for (std::size_t child = 0; child < one.module->children(); ++child)
        note(one.level + 1, one.module->link_down(child));
    }
    for (const NodeClass& node : cluster_.nodes()) {
      for (std::size_t lane = 0; lane < cluster_.simulated_lanes().size(); ++lane)
        note(levels, node.wafer->link_up(lane));
    }
    return most;
  }

  std::vector<StationOutcome> rows_;

 private:
  const Cluster& cluster_;
  const MachineSpec& machine_;
  Picoseconds time_;
};

void add_store(Table& table, const Shard& shard, const MachineSpec& machine, const StoreTraffic& traffic) {
  const MemoryXSpec store = lane_store(machine.memoryx);
  const auto shards = static_cast<double>(store.shards);
  const auto most = [](Picoseconds a, Picoseconds b) { return std::max(a, b); };
  const StoreWorkBytes all = traffic.all();
  table.row("memoryx.flash", (all.flash_reads + all.flash_writes).count(),
            shards * (as_double(flash_read_rate(store.flash)) + as_double(flash_write_rate(store.flash))),
            most(table.busy(shard.flash_stream()),
                 most(table.busy(shard.flash_read()), table.busy(shard.flash_write()))));
  table.row("memoryx.dram", all.dram.count(), shards * as_double(dram_bus_rate(store.dram)),
            most(table.busy(shard.dram_stream()), table.busy(shard.dram_update())));
  const double peak_flops = shards * static_cast<double>(store.optimizer_flops);
  table.row("memoryx.update", traffic.gradients.count(),
            traffic.flops == 0
                ? 0.0
                : as_double(traffic.gradients) / static_cast<double>(traffic.flops) * peak_flops,
            table.busy(shard.arithmetic()));
  table.rows_.back().flops = traffic.flops;
  table.rows_.back().peak_flops_per_second = peak_flops;
}

void add_links(Table& table, const Cluster& cluster, const MachineSpec& machine, const NodeTraffic& traffic) {
  const std::uint64_t levels = tree_levels(cluster.tree());
  const std::vector<Picoseconds> busiest = table.busiest_links();
  const WaferIoSpec& io = machine.wafer.io;
  for (std::uint64_t level = 0; level < levels; ++level) {
    const std::uint64_t links = links_into_level(cluster.tree(), level);
    table.row(
        fmt::format("swarmx.level{}", level), Wide{(traffic.in + traffic.out).count()} * links,
        2.0 * static_cast<double>(links * cluster.working_lanes()) * as_double(machine.swarmx.link_rate),
        busiest[level]);
  }
  const auto lanes = static_cast<double>(cluster.tree().leaves * cluster.working_lanes());
  const double lane_rate =
      std::min(as_double(io.lane_rate),
               as_double(io.port_rate) * static_cast<double>(io.ports) / static_cast<double>(io.lanes));
  table.row("node.io", Wide{(traffic.in + traffic.out).count()} * cluster.tree().leaves,
            2.0 * lanes * lane_rate, busiest[levels]);
}

}  // namespace

StoreTraffic store_traffic(const StepProgram& program) {
  StoreTraffic traffic;
  std::vector<std::uint64_t> contributions(program.stored.size());
  const auto add = [&](StoreWorkBytes& bytes, const StoreWork& work, std::uint64_t count) {
    bytes += {.dram = Bytes{count} * work.dram_bytes,
              .flash_reads = Bytes{count} * work.flash_reads,
              .flash_writes = Bytes{count} * work.flash_writes};
    traffic.flops += count * work.flops;
  };
  for (const StepOp& op : program.ops) {
    const StoredLayer& stored = program.stored[op.owner];
    add(traffic.streaming, stored.stream, op.weights.bytes().count());
    if (op.gradients.empty()) continue;
    const bool last = ++contributions[op.owner] == stored.contributions;
    add(last ? traffic.updating : traffic.accumulating, last ? stored.update : stored.accumulate,
        op.gradients.weights());
    traffic.gradients += op.gradients.bytes();
  }
  return traffic;
}

NodeTraffic node_traffic(const StepProgram& program) {
  NodeTraffic traffic;
  for (const StepOp& op : program.ops) {
    traffic.in += op.weights.bytes();
    traffic.out += op.gradients.bytes();
  }
  return traffic;
}

std::vector<StationOutcome> wafer_stations(const MachineSpec& machine, const WaferWork& work, Cycles step,
                                           Cycles compute) {
  const WaferSpec& wafer = machine.wafer;
  const Picoseconds time = time_of(step, wafer.clock);
  const std::uint64_t nodes = working_nodes(machine.cluster);
  const auto pes = static_cast<double>(wafer.grid.columns * wafer.grid.rows * nodes);
  const auto clock = static_cast<double>(wafer.clock.count());
  const auto average = [&](std::string name, Wide bytes, double peak) {
    StationOutcome row = station(std::move(name), bytes, peak, {}, time);
    row.busy_fraction = row.achieved_bytes_per_second / peak;
    return row;
  };
  // A hop uses one of the four links out of a router.
  std::vector<StationOutcome> rows{
      average("wafer.fabric", work.wavelet_hops * wafer.fabric.wavelet.count() * nodes,
              pes * 4.0 * as_double(wafer.fabric.wavelet) * clock),
      average(
          "wafer.sram", work.sram_bytes * nodes,
          pes * (as_double(wafer.pe.sram_read_per_cycle) + as_double(wafer.pe.sram_write_per_cycle)) * clock),
      station("wafer.compute", {}, 0.0, std::min(time_of(compute, wafer.clock), time), time)};
  rows.back().flops = 2 * work.fmacs * nodes;
  rows.back().peak_flops_per_second = pes * 2.0 * static_cast<double>(wafer.pe.fmacs_fp16) * clock;
  return rows;
}

std::vector<StationOutcome> station_table(const Cluster& cluster, const MachineSpec& machine,
                                          const PlannedStep& step, Cycles step_cycles,
                                          Cycles compute_cycles) {
  const Picoseconds time = time_of(step_cycles, machine.wafer.clock);
  Table table{cluster, machine, time};
  add_store(table, *cluster.shards().front(), machine, store_traffic(step.program));
  add_links(table, cluster, machine, node_traffic(step.program));
  for (StationOutcome& row : wafer_stations(machine, step.work, step_cycles, compute_cycles))
    table.rows_.push_back(std::move(row));
  return std::move(table.rows_);
}

std::vector<NamedStation> stations_of(const Cluster& cluster) {
  std::vector<NamedStation> all;
  const auto note = [&](std::string name, const Station& station) {
    all.push_back({std::move(name), &station});
  };
  for (const auto& shard : cluster.shards()) {
    const std::string name = shard->name();
    note(name + ".dram (stream)", shard->dram_stream());
    note(name + ".dram (update)", shard->dram_update());
    note(name + ".flash (stream)", shard->flash_stream());
    note(name + ".flash (update reads)", shard->flash_read());
    note(name + ".flash (update writes)", shard->flash_write());
    note(name + ".optimizer", shard->arithmetic());
    note(name + ".link", shard->link());
  }
  for (const SwitchClass& one : cluster.switches()) {
    note(std::string{one.module->name()} + ".up", one.module->link_up());
    note(std::string{one.module->name()} + ".adder", one.module->adder());
    for (std::size_t child = 0; child < one.module->children(); ++child)
      note(fmt::format("{}.down{}", one.module->name(), child), one.module->link_down(child));
  }
  for (const NodeClass& node : cluster.nodes()) {
    for (std::size_t lane = 0; lane < cluster.simulated_lanes().size(); ++lane)
      note(fmt::format("{}.up{}", node.wafer->name(), lane), node.wafer->link_up(lane));
  }
  return all;
}

std::vector<BusyLedger> busy_stations(const Cluster& cluster, const MachineSpec& machine,
                                      Picoseconds step_time) {
  std::vector<BusyLedger> ledger;
  for (const auto& [name, station] : stations_of(cluster)) {
    ledger.push_back({.station = name,
                      .busy = Picoseconds{station->stats().busy.count() / machine.cluster.steps},
                      .elapsed = step_time});
  }
  return ledger;
}

}  // namespace wafersim
