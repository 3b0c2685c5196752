// In which order the PEs of a line add up: each node receives from its children in turn, then sends.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "wafersim/kernel/mesh/collective.hpp"

namespace wafersim {

// Node 0 is the root. Every subtree is a stretch of the line that begins with its own root.
struct ReduceTree {
  std::vector<std::vector<std::uint32_t>> children;
  std::optional<std::uint32_t> stores{};  // a node that has its sum in memory before it sends
  bool level_by_level = false;            // each reception is an instruction of its own
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(children.size()); }
};

[[nodiscard]] ReduceTree star_tree(std::uint32_t nodes);
[[nodiscard]] ReduceTree chain_tree(std::uint32_t nodes);
[[nodiscard]] ReduceTree binary_tree(std::uint32_t nodes);
// The first PE of each group of two_phase_tree.
[[nodiscard]] std::vector<std::uint32_t> leaders_of(std::uint32_t nodes, std::uint32_t group);
// Groups of `group` PEs, the first one smaller if need be. The group at the far end begins the second phase,
// when it has finished the first.
[[nodiscard]] ReduceTree two_phase_tree(std::uint32_t nodes, std::uint32_t group);

// E*(r, d): the least hops a wavelet needs to reduce r PEs in at most d dependent messages (Luczynski et
// al.).
class LeastEnergy {
 public:
  LeastEnergy(std::uint32_t nodes, std::uint32_t deepest);
  [[nodiscard]] std::uint64_t hops(std::uint32_t nodes, std::uint32_t depth) const;
  [[nodiscard]] ReduceTree tree(std::uint32_t nodes, std::uint32_t depth) const;
  // max(B, B·E*/(P-1) + P-1) + (2·ramp + 1)·depth
  [[nodiscard]] double cycles(std::uint32_t nodes, std::uint32_t depth, std::uint32_t length,
                              std::uint32_t ramp) const;

 private:
  void grow(ReduceTree& tree, std::uint32_t root, std::uint32_t nodes, std::uint32_t depth) const;
  std::vector<std::vector<std::uint32_t>> hops_;  // [depth][nodes]
};

// A reception begins when the one before is done and its first wavelet has come.
struct LineTiming {
  CycleShares start;        // way to the first beat of a PE that waits for nothing
  std::uint64_t between{};  // cycles between the end of one instruction and the first beat of the next
  std::uint64_t length{};
  std::uint64_t ramp{};
  // Whether a reception goes on within the instruction of the one before it, at no cost.
  std::function<bool(std::uint32_t node, std::size_t child)> continues{};
};
// The way to the end of the root's last beat; its sum is that cycle.
[[nodiscard]] CycleShares reduce_cycles(const ReduceTree& tree, const LineTiming& timing);

}  // namespace wafersim
