// What follows from a machine description by multiplication: the headline figures of one wafer, its node and
// its store, exact in integers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/config/machine_spec.hpp"

namespace wafersim {

// FP32 master weight, two moments, gradient, and two FP16 copies: what Adam keeps of a parameter.
inline constexpr std::uint64_t kAdamBytesPerParameter = 20;

[[nodiscard]] std::uint64_t core_count(const WaferSpec& wafer);
// FP16 operations a second: two for each multiply-add.
[[nodiscard]] std::uint64_t peak_flops(const WaferSpec& wafer);
[[nodiscard]] Bytes total_sram(const WaferSpec& wafer);
// What is left for tensors, of a PE's and of all: without code, receive and gradient buffers.
[[nodiscard]] Bytes tensor_sram_of_pe(const WaferSpec& wafer);
[[nodiscard]] Bytes tensor_sram(const WaferSpec& wafer);
// Reads and writes together.
[[nodiscard]] BytesPerSecond sram_bandwidth(const WaferSpec& wafer);
// Four links a PE, each counted in both directions, as the vendor does.
[[nodiscard]] BytesPerSecond fabric_bandwidth(const WaferSpec& wafer);
// The links that a cut between two neighbouring columns crosses, both ways.
[[nodiscard]] BytesPerSecond bisection_across_x(const WaferSpec& wafer);
// The links that a cut between two neighbouring rows crosses, both ways.
[[nodiscard]] BytesPerSecond bisection_across_y(const WaferSpec& wafer);
// The lanes, or the ports that they feed if those are slower; each way.
[[nodiscard]] BytesPerSecond io_bandwidth(const WaferIoSpec& io);
// The servers that feed one lane, of all groups together, as one server: every tensor lies evenly over them
// and each works on its share of every chunk, so that they are as many times as large and as fast.
[[nodiscard]] MemoryXSpec lane_store(const MemoryXSpec& memoryx);
// DRAM and flash of all shards.
[[nodiscard]] Bytes memoryx_capacity(const MemoryXSpec& memoryx);
// What the data buses of a shard could carry if its DRAM never made them wait, and of all shards.
[[nodiscard]] BytesPerSecond dram_bus_rate(const DramSpec& dram);
[[nodiscard]] BytesPerSecond memoryx_dram_bandwidth(const MemoryXSpec& memoryx);
[[nodiscard]] std::uint64_t adam_parameters(const MemoryXSpec& memoryx);
// Tokens that each weight must meet on a wafer so that arithmetic takes as long as streaming the weight,
// rounded up; `bytes_per_weight` is 2 dense and 4 with an index.
[[nodiscard]] std::uint64_t balance_tokens(const WaferSpec& wafer, std::uint64_t bytes_per_weight);
// Children of the switches of each level, from the store down, that reach this many nodes: as few levels as
// possible; none for one node.
[[nodiscard]] std::vector<std::uint64_t> tree_fanouts(const SwarmXSpec& swarmx, std::uint64_t nodes);
// Nodes that have not failed.
[[nodiscard]] std::uint64_t working_nodes(const ClusterSpec& cluster);

// One line of the table that `describe` prints.
struct DerivedFigure {
  enum class Unit { count, flops, bytes, bytes_per_second };
  std::string name;
  Unit unit{};
  std::uint64_t value{};
  std::optional<std::uint64_t> published;
  std::string formula;  // how the value comes about, in words
};

// All of the above in a fixed order, each beside what the machine file says was published.
[[nodiscard]] std::vector<DerivedFigure> derived_figures(const MachineSpec& machine);

}  // namespace wafersim
