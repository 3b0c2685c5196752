// Builds the trees, and computes with them.
#include "reduce_tree.hpp"

#include <algorithm>
#include <limits>

namespace wafersim {
namespace {

constexpr std::uint32_t kImpossible = std::numeric_limits<std::uint32_t>::max();

ReduceTree without_children(std::uint32_t nodes) {
  ReduceTree tree;
  tree.children.resize(nodes);
  return tree;
}

}  // namespace

ReduceTree star_tree(std::uint32_t nodes) {
  ReduceTree tree = without_children(nodes);
  for (std::uint32_t i = 1; i < nodes; ++i) tree.children[0].push_back(i);
  return tree;
}

ReduceTree chain_tree(std::uint32_t nodes) {
  ReduceTree tree = without_children(nodes);
  for (std::uint32_t i = 1; i < nodes; ++i) tree.children[i - 1].push_back(i);
  return tree;
}

ReduceTree binary_tree(std::uint32_t nodes) {
  ReduceTree tree = without_children(nodes);
  tree.level_by_level = true;
  for (std::uint64_t distance = 1; distance < nodes; distance *= 2) {
    for (std::uint64_t child = distance; child < nodes; child += 2 * distance) {
      tree.children[child - distance].push_back(static_cast<std::uint32_t>(child));
    }
  }
  return tree;
}

std::vector<std::uint32_t> leaders_of(std::uint32_t nodes, std::uint32_t group) {
  std::vector<std::uint32_t> leaders{0};
  for (std::uint32_t i = (nodes - 1) % group + 1; i < nodes; i += group) leaders.push_back(i);
  return leaders;
}

ReduceTree two_phase_tree(std::uint32_t nodes, std::uint32_t group) {
  ReduceTree tree = without_children(nodes);
  const std::vector<std::uint32_t> leaders = leaders_of(nodes, group);
  for (std::uint32_t i = 1; i < nodes; ++i) {
    if (!std::binary_search(leaders.begin(), leaders.end(), i)) tree.children[i - 1].push_back(i);
  }
  for (std::size_t g = 1; g < leaders.size(); ++g) tree.children[leaders[g - 1]].push_back(leaders[g]);
  if (leaders.size() > 1 && group > 1) tree.stores = leaders.back();
  return tree;
}

LeastEnergy::LeastEnergy(std::uint32_t nodes, std::uint32_t deepest)
    : hops_(deepest + 1, std::vector<std::uint32_t>(nodes + 1, kImpossible)) {
  for (auto& row : hops_) row[0] = row[1] = 0;
  for (std::uint32_t depth = 1; depth <= deepest; ++depth) {
    for (std::uint32_t r = 2; r <= nodes; ++r) {
      std::uint32_t best = hops_[depth - 1][r];
      for (std::uint32_t s = 1; s < r; ++s) {
        if (hops_[depth - 1][s] == kImpossible || hops_[depth][r - s] == kImpossible) continue;
        best = std::min(best, hops_[depth - 1][s] + hops_[depth][r - s] + (r - s));
      }
      hops_[depth][r] = best;
    }
  }
}

std::uint64_t LeastEnergy::hops(std::uint32_t nodes, std::uint32_t depth) const {
  return hops_[depth][nodes];
}

double LeastEnergy::cycles(std::uint32_t nodes, std::uint32_t depth, std::uint32_t length,
                           std::uint32_t ramp) const {
  const double b = length;
  const double links = nodes - 1;
  const double energy = b * static_cast<double>(hops(nodes, depth)) / links + links;
  return std::max(b, energy) + static_cast<double>(2 * ramp + 1) * depth;
}

ReduceTree LeastEnergy::tree(std::uint32_t nodes, std::uint32_t depth) const {
  ReduceTree tree = without_children(nodes);
  grow(tree, 0, nodes, depth);
  return tree;
}

// The last child roots the far end of the stretch; whatever is left is divided again.
void LeastEnergy::grow(ReduceTree& tree, std::uint32_t root, std::uint32_t nodes, std::uint32_t depth) const {
  if (nodes <= 1) return;
  while (depth > 1 && hops_[depth - 1][nodes] == hops_[depth][nodes]) --depth;
  for (std::uint32_t s = 1; s < nodes; ++s) {
    if (hops_[depth - 1][s] == kImpossible || hops_[depth][nodes - s] == kImpossible) continue;
    if (hops_[depth - 1][s] + hops_[depth][nodes - s] + (nodes - s) != hops_[depth][nodes]) continue;
    grow(tree, root, nodes - s, depth);
    grow(tree, root + nodes - s, s, depth - 1);
    tree.children[root].push_back(root + nodes - s);
    return;
  }
}

CycleShares reduce_cycles(const ReduceTree& tree, const LineTiming& timing) {
  // Per node: the way to the first beat of its last reception (a leaf: of its sending).
  std::vector<CycleShares> first(tree.size(), timing.start);
  for (std::uint32_t node = tree.size(); node-- > 0;) {
    const std::vector<std::uint32_t>& children = tree.children[node];
    for (std::size_t i = 0; i < children.size(); ++i) {
      CycleShares free = first[node];
      if (i > 0) {
        free.datapath += timing.length;
        free.tasks += timing.continues(node, i) ? 0 : timing.between;
      }
      CycleShares arrival = first[children[i]];
      arrival.datapath += 1;
      arrival.ramp += 2 * timing.ramp;
      arrival.link += children[i] - node;
      first[node] = arrival.sum() >= free.sum() ? arrival : free;
    }
    if (tree.stores == node) {
      first[node].datapath += timing.length;
      first[node].tasks += timing.between;
    }
  }
  CycleShares end = first[0];
  end.datapath += timing.length;
  return end;
}

}  // namespace wafersim
