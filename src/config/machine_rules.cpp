// Rules of a machine that a single key's bounds cannot state: each names both keys.
#include "config/machine_rules.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "wafersim/base/wide.hpp"
#include "wafersim/config/derived.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kShortestSide = 2;
constexpr std::uint64_t kLongestSide = 100'000;
constexpr std::uint64_t kMostPes = 100'000'000;
// With at most 128 operations or bytes per PE and cycle, every rate of a wafer then fits 64 bits.
constexpr std::uint64_t kMostPeCycles = 100'000'000'000'000'000;

// The deepest value on the way to `path` that is there.
SourceLocation place_of(const Tree& tree, std::string_view path) {
  const Tree* here = &tree;
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t dot = rest.find('.');
    const Tree* next = here->find(rest.substr(0, dot));
    if (next == nullptr) break;
    here = next;
    rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  }
  return here->at;
}

// `key` is `prefix` or lies below it.
bool is_within(std::string_view key, std::string_view prefix) {
  return prefix.empty() ||
         (key.starts_with(prefix) && (key.size() == prefix.size() || key[prefix.size()] == '.'));
}

class RuleBook {
 public:
  RuleBook(const Tree& tree, Problems& problems) : tree_{tree}, problems_{problems} {}

  // Complains at the first of `keys` unless the rule holds, or one of them could not even be read.
  void require(bool holds, std::initializer_list<std::string> keys, std::string message) {
    if (holds ||
        std::any_of(keys.begin(), keys.end(), [&](const std::string& key) { return is_spoilt(key); }))
      return;
    const std::string& first = *keys.begin();
    problems_.add(place_of(tree_, first), first, std::move(message));
  }

 private:
  [[nodiscard]] bool is_spoilt(std::string_view key) const {
    return std::any_of(problems_.items().begin(), problems_.items().end(),
                       [&](const Problem& problem) { return is_within(key, problem.key); });
  }

  const Tree& tree_;
  Problems& problems_;
};

bool is_side(std::uint64_t pes) {
  return pes >= kShortestSide && pes <= kLongestSide;
}

void check_grid(const WaferSpec& wafer, RuleBook& rules) {
  const GridSize grid = wafer.grid;
  const bool sides = is_side(grid.columns) && is_side(grid.rows);
  rules.require(
      sides, {"wafer.grid"},
      fmt::format("each side must be between {} and {}, got {}", kShortestSide, kLongestSide, spell(grid)));
  if (!sides) return;
  const std::uint64_t pes = grid.columns * grid.rows;
  rules.require(pes <= kMostPes, {"wafer.grid"},
                fmt::format("must be at most {} PEs, got {}", kMostPes, pes));
  rules.require(Wide{pes} * wafer.clock.count() <= kMostPeCycles, {"wafer.grid", "wafer.clock"},
                fmt::format("{} PEs at wafer.clock ({}) make more than 10^17 PE cycles a second", pes,
                            spell(wafer.clock)));
  const MappingSpec& mapping = wafer.mapping;
  rules.require(mapping.groups.value_or(1) <= grid.columns, {"wafer.mapping.groups", "wafer.grid"},
                fmt::format("must not exceed the columns of wafer.grid ({}), got {}", spell(grid),
                            mapping.groups.value_or(1)));
  rules.require(mapping.bands.value_or(1) <= grid.rows, {"wafer.mapping.bands", "wafer.grid"},
                fmt::format("must not exceed the rows of wafer.grid ({}), got {}", spell(grid),
                            mapping.bands.value_or(1)));
}

void check_sram(const WaferSpec& wafer, RuleBook& rules) {
  const PeSpec& pe = wafer.pe;
  rules.require(
      pe.reserved < pe.sram, {"wafer.pe.reserved", "wafer.pe.sram"},
      fmt::format("must be less than wafer.pe.sram ({}), got {}", spell(pe.sram), spell(pe.reserved)));
  if (pe.reserved >= pe.sram) return;
  const Bytes buffers = wafer.receive_buffer + wafer.gradient_buffer;
  const Bytes room = pe.sram - pe.reserved;
  rules.require(buffers < room,
                {"wafer.receive_buffer", "wafer.gradient_buffer", "wafer.pe.sram", "wafer.pe.reserved"},
                fmt::format("with wafer.gradient_buffer {}, must be less than wafer.pe.sram without "
                            "wafer.pe.reserved ({})",
                            spell(buffers), spell(room)));
  rules.require(wafer.fabric.wavelet.count() % 4 == 0, {"wafer.fabric.wavelet"},
                fmt::format("must be a multiple of 4 B, the size of an FP32 number, got {}",
                            spell(wafer.fabric.wavelet)));
}

// The controller's steady state is searched for over all bursts of all rows that are open at a time.
constexpr std::uint64_t kMostOpenBursts = 32'768;

void check_dram(const DramSpec& dram, RuleBook& rules) {
  rules.require(dram.burst_length % 2 == 0, {"memoryx.dram.burst_length"},
                fmt::format("must be even, since a clock has two transfers, got {}", dram.burst_length));
  const std::uint64_t burst = dram.bus.count() * dram.burst_length;
  if (burst == 0) return;  // one of them could not even be read
  rules.require(
      dram.page.count() >= burst && dram.page.count() % burst == 0,
      {"memoryx.dram.page", "memoryx.dram.bus", "memoryx.dram.burst_length"},
      fmt::format("must be a multiple of memoryx.dram.bus x memoryx.dram.burst_length ({} B), got {}", burst,
                  spell(dram.page)));
  const std::uint64_t open = dram.page.count() / burst * dram.ranks * dram.bank_groups * dram.banks;
  rules.require(open <= kMostOpenBursts,
                {"memoryx.dram.page", "memoryx.dram.ranks", "memoryx.dram.bank_groups", "memoryx.dram.banks"},
                fmt::format("over all banks of a channel the open rows must have at most {} bursts, got {}",
                            kMostOpenBursts, open));
  rules.require(dram.timing.rfc < dram.timing.refi, {"memoryx.dram.timing.rfc", "memoryx.dram.timing.refi"},
                fmt::format("must be less than memoryx.dram.timing.refi ({}), got {}", dram.timing.refi,
                            dram.timing.rfc));
}

void check_faults(const MachineSpec& machine, RuleBook& rules) {
  const ClusterSpec& cluster = machine.cluster;
  const std::uint64_t lanes = machine.wafer.io.lanes;
  std::set<std::uint64_t> failed_lanes;
  for (std::size_t i = 0; i < machine.swarmx.link_faults.size(); ++i) {
    const LinkFault& fault = machine.swarmx.link_faults[i];
    rules.require(fault.lane < lanes, {fmt::format("swarmx.link_faults.{}.lane", i), "wafer.io.lanes"},
                  fmt::format("must be less than wafer.io.lanes ({}), got {}", lanes, fault.lane));
    if (fault.rate == Fraction{}) failed_lanes.insert(fault.lane);
  }
  rules.require(failed_lanes.size() < lanes, {"swarmx.link_faults", "wafer.io.lanes"},
                "every lane has a failed link; at least one lane must have none");
  for (std::size_t i = 0; i < cluster.stragglers.size(); ++i) {
    rules.require(cluster.stragglers[i].node < cluster.nodes,
                  {fmt::format("cluster.stragglers.{}.node", i), "cluster.nodes"},
                  fmt::format("must be less than cluster.nodes ({}), got {}", cluster.nodes,
                              cluster.stragglers[i].node));
  }
  for (std::size_t i = 0; i < cluster.failed_nodes.size(); ++i) {
    rules.require(
        cluster.failed_nodes[i] < cluster.nodes, {fmt::format("cluster.failed_nodes.{}", i), "cluster.nodes"},
        fmt::format("must be less than cluster.nodes ({}), got {}", cluster.nodes, cluster.failed_nodes[i]));
  }
  rules.require(working_nodes(cluster) > 0, {"cluster.failed_nodes", "cluster.nodes"},
                "every node has failed; at least one must work");
}

}  // namespace

void check_machine(const MachineSpec& machine, const Tree& tree, Problems& problems) {
  RuleBook rules{tree, problems};
  rules.require(!machine.name.empty(), {"name"}, "must not be empty");
  check_grid(machine.wafer, rules);
  check_sram(machine.wafer, rules);
  const MemoryXSpec& memoryx = machine.memoryx;
  rules.require(
      memoryx.shards == machine.wafer.io.lanes, {"memoryx.shards", "wafer.io.lanes"},
      fmt::format("must equal wafer.io.lanes ({}), got {}", machine.wafer.io.lanes, memoryx.shards));
  rules.require(memoryx.flash.read_ahead < memoryx.dram.capacity,
                {"memoryx.flash.read_ahead", "memoryx.dram.capacity"},
                fmt::format("must be less than memoryx.dram.capacity ({}), got {}",
                            spell(memoryx.dram.capacity), spell(memoryx.flash.read_ahead)));
  check_dram(memoryx.dram, rules);
  const SwarmXSpec& swarmx = machine.swarmx;
  rules.require(swarmx.chunk.count() <= swarmx.buffer.count() / 2, {"swarmx.chunk", "swarmx.buffer"},
                fmt::format("must be at most half of swarmx.buffer ({}), got {}", spell(swarmx.buffer),
                            spell(swarmx.chunk)));
  const ClusterSpec& cluster = machine.cluster;
  rules.require(
      cluster.nodes <= cluster.max_nodes, {"cluster.nodes", "cluster.max_nodes"},
      fmt::format("must be at most cluster.max_nodes ({}), got {}", cluster.max_nodes, cluster.nodes));
  check_faults(machine, rules);
}

}  // namespace wafersim
