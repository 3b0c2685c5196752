// What follows from a machine description by multiplication; the bounds of machine files keep it in 64 bits.
#include "wafersim/config/derived.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "wafersim/base/wide.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kFlopsPerFmac = 2;
constexpr std::uint64_t kDirections = 2;
constexpr std::uint64_t kLinksPerPe = 4;

// `per_cycle` of something, once per cycle of the clock.
std::uint64_t each_second(std::uint64_t per_cycle, const WaferSpec& wafer) {
  return narrow(Wide{per_cycle} * wafer.clock.count());
}

template <class Quantity>
std::optional<std::uint64_t> count_of(const std::optional<Quantity>& value) {
  return value ? std::optional{value->count()} : std::nullopt;
}

}  // namespace

std::uint64_t core_count(const WaferSpec& wafer) {
  return narrow(Wide{wafer.grid.columns} * wafer.grid.rows);
}

std::uint64_t peak_flops(const WaferSpec& wafer) {
  return each_second(core_count(wafer) * wafer.pe.fmacs_fp16 * kFlopsPerFmac, wafer);
}

Bytes total_sram(const WaferSpec& wafer) {
  return wafer.pe.sram * core_count(wafer);
}

Bytes tensor_sram_of_pe(const WaferSpec& wafer) {
  return wafer.pe.sram - wafer.pe.reserved - wafer.receive_buffer - wafer.gradient_buffer;
}

Bytes tensor_sram(const WaferSpec& wafer) {
  return tensor_sram_of_pe(wafer) * core_count(wafer);
}

BytesPerSecond sram_bandwidth(const WaferSpec& wafer) {
  const Bytes ports = wafer.pe.sram_read_per_cycle + wafer.pe.sram_write_per_cycle;
  return BytesPerSecond{each_second((ports * core_count(wafer)).count(), wafer)};
}

BytesPerSecond fabric_bandwidth(const WaferSpec& wafer) {
  const Bytes per_cycle = wafer.fabric.wavelet * (core_count(wafer) * kLinksPerPe * kDirections);
  return BytesPerSecond{each_second(per_cycle.count(), wafer)};
}

BytesPerSecond bisection_across_x(const WaferSpec& wafer) {
  return BytesPerSecond{each_second((wafer.fabric.wavelet * (wafer.grid.rows * kDirections)).count(), wafer)};
}

BytesPerSecond bisection_across_y(const WaferSpec& wafer) {
  return BytesPerSecond{
      each_second((wafer.fabric.wavelet * (wafer.grid.columns * kDirections)).count(), wafer)};
}

BytesPerSecond io_bandwidth(const WaferIoSpec& io) {
  return std::min(io.lane_rate * io.lanes, io.port_rate * io.ports);
}

MemoryXSpec lane_store(const MemoryXSpec& memoryx) {
  MemoryXSpec lane = memoryx;
  lane.groups = 1;
  lane.dram.capacity = memoryx.dram.capacity * memoryx.groups;
  lane.dram.channels = memoryx.dram.channels * memoryx.groups;
  lane.flash.capacity = memoryx.flash.capacity * memoryx.groups;
  lane.flash.interface = memoryx.flash.interface * memoryx.groups;
  lane.flash.channels = memoryx.flash.channels * memoryx.groups;
  lane.flash.read_ahead = memoryx.flash.read_ahead * memoryx.groups;
  lane.optimizer_flops = memoryx.optimizer_flops * memoryx.groups;
  return lane;
}

Bytes memoryx_capacity(const MemoryXSpec& memoryx) {
  const MemoryXSpec lane = lane_store(memoryx);
  return (lane.dram.capacity + lane.flash.capacity) * lane.shards;
}

BytesPerSecond dram_bus_rate(const DramSpec& dram) {
  return BytesPerSecond{dram.clock.count() * 2} * (dram.bus.count() * dram.channels);
}

BytesPerSecond memoryx_dram_bandwidth(const MemoryXSpec& memoryx) {
  return dram_bus_rate(lane_store(memoryx).dram) * memoryx.shards;
}

std::uint64_t adam_parameters(const MemoryXSpec& memoryx) {
  return memoryx_capacity(memoryx).count() / kAdamBytesPerParameter;
}

std::uint64_t balance_tokens(const WaferSpec& wafer, std::uint64_t bytes_per_weight) {
  // Multiply-adds in the time that one weight takes to arrive.
  const std::uint64_t fmacs = peak_flops(wafer) / kFlopsPerFmac;
  return multiply_divide_up(fmacs, bytes_per_weight, io_bandwidth(wafer.io).count());
}

std::vector<std::uint64_t> tree_fanouts(const SwarmXSpec& swarmx, std::uint64_t nodes) {
  std::vector<std::uint64_t> fanouts;
  for (Wide reached = 1; reached < nodes; reached *= fanouts.back()) {
    const std::vector<std::uint64_t>& listed = swarmx.fanouts;
    fanouts.push_back(listed.empty() ? swarmx.fanout : listed[std::min(fanouts.size(), listed.size() - 1)]);
  }
  return fanouts;
}

std::uint64_t working_nodes(const ClusterSpec& cluster) {
  const std::set<std::uint64_t> failed{cluster.failed_nodes.begin(), cluster.failed_nodes.end()};
  return cluster.nodes - std::min<std::uint64_t>(cluster.nodes, failed.size());
}

std::vector<DerivedFigure> derived_figures(const MachineSpec& machine) {
  using Unit = DerivedFigure::Unit;
  const WaferSpec& wafer = machine.wafer;
  const PublishedSpec& published = machine.published;
  std::vector<DerivedFigure> figures;
  const auto add = [&](std::string name, Unit unit, std::uint64_t value, std::optional<std::uint64_t> claim,
                       std::string formula) {
    figures.push_back({std::move(name), unit, value, claim, std::move(formula)});
  };
  const auto add_rate = [&](std::string name, BytesPerSecond value, std::optional<std::uint64_t> claim,
                            std::string formula) {
    add(std::move(name), Unit::bytes_per_second, value.count(), claim, std::move(formula));
  };
  add("cores", Unit::count, core_count(wafer), published.cores, "columns x rows");
  add("peak FP16", Unit::flops, peak_flops(wafer), published.peak_flops, "cores x FMACs x 2 x clock");
  add("SRAM", Unit::bytes, total_sram(wafer).count(), count_of(published.sram), "cores x SRAM of a PE");
  add("SRAM for tensors", Unit::bytes, tensor_sram(wafer).count(), {},
      "cores x (SRAM - reserved - receive buffer - gradient buffer)");
  add_rate("SRAM bandwidth", sram_bandwidth(wafer), count_of(published.sram_bandwidth),
           "cores x (read + write ports) x clock");
  add_rate("fabric bandwidth", fabric_bandwidth(wafer), count_of(published.fabric_bandwidth),
           "cores x 4 links x 2 directions x wavelet x clock");
  add_rate("bisection across x", bisection_across_x(wafer), {}, "rows x 2 directions x wavelet x clock");
  add_rate("bisection across y", bisection_across_y(wafer), {}, "columns x 2 directions x wavelet x clock");
  add_rate("wafer I/O, each way", io_bandwidth(wafer.io), count_of(published.io_bandwidth),
           "the lesser of lanes x lane rate and ports x port rate");
  add("tokens for balance, dense", Unit::count, balance_tokens(wafer, 2), {},
      "multiply-adds a second x 2 B / I/O bandwidth");
  add("tokens for balance, indexed", Unit::count, balance_tokens(wafer, 4), {},
      "multiply-adds a second x 4 B / I/O bandwidth");
  add("MemoryX capacity", Unit::bytes, memoryx_capacity(machine.memoryx).count(),
      count_of(published.memoryx_capacity), "groups x shards x (DRAM + flash)");
  add_rate("MemoryX DRAM bandwidth", memoryx_dram_bandwidth(machine.memoryx), {},
           "groups x shards x channels x bus x 2 x clock");
  add("parameters with Adam", Unit::count, adam_parameters(machine.memoryx), {}, "MemoryX capacity / 20 B");
  add("SwarmX levels", Unit::count, tree_fanouts(machine.swarmx, machine.cluster.nodes).size(), {},
      "levels of the tree that reach all nodes");
  return figures;
}

}  // namespace wafersim
