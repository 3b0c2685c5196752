// Chooses colors for trees, and groups PEs with equal programs.
#include "collective_builder.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace wafersim {
namespace {

constexpr std::uint32_t kMostColors = 10;  // of a tree along one line: two lines and a broadcast fit in 24

Color color(std::uint8_t first, std::uint32_t offset) {
  return Color{static_cast<std::uint8_t>(first + offset)};
}

std::vector<std::uint32_t> depths_of(const ReduceTree& tree) {
  std::vector<std::uint32_t> depths(tree.size());
  for (std::uint32_t node = 0; node < tree.size(); ++node) {
    for (const std::uint32_t child : tree.children[node]) depths[child] = depths[node] + 1;
  }
  return depths;
}

// Colors by depth of the sender, as few as the switches allow.
std::optional<LineReduce> by_depth(const Line& line, ReduceTree tree, std::uint32_t positions,
                                   std::uint8_t first) {
  const std::vector<std::uint32_t> depths = depths_of(tree);
  for (std::uint32_t colors = 2; colors <= kMostColors; ++colors) {
    std::vector<Color> senders;
    for (const std::uint32_t depth : depths) senders.push_back(color(first, depth % colors));
    if (auto routes = route_tree(line, tree, senders, positions)) return LineReduce{tree, *routes, colors};
  }
  return std::nullopt;
}

// The auto-generated tree: the depth that costs least among those whose routes fit the colors.
LineReduce make_auto(const Line& line, const CollectiveRequest& request, std::uint8_t first) {
  const std::uint32_t words = VectorFormat{request}.words();
  const std::uint32_t nodes = line.size();
  const std::uint32_t deepest = std::min(nodes - 1, 64U);
  const LeastEnergy least{nodes, std::max(deepest, 1U)};
  std::vector<std::uint32_t> order;
  for (std::uint32_t depth = 1; depth <= deepest; ++depth) order.push_back(depth);
  const auto cycles = [&](std::uint32_t depth) {
    return least.cycles(nodes, depth, words, request.parameters.ramp_cycles);
  };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return cycles(a) < cycles(b); });
  const double chain = words + (2.0 * request.parameters.ramp_cycles + 2) * (nodes - 1);
  for (const std::uint32_t depth : order) {
    if (chain <= cycles(depth)) break;
    if (auto found = by_depth(line, least.tree(nodes, depth), request.parameters.switch_positions, first))
      return *found;
  }
  return *by_depth(line, chain_tree(nodes), request.parameters.switch_positions, first);
}

std::uint32_t group_of(const CollectiveRequest& request, std::uint32_t nodes) {
  if (request.group != 0) return std::min(request.group, nodes);
  return std::max(1U, static_cast<std::uint32_t>(std::sqrt(static_cast<double>(nodes))));
}

}  // namespace

bool LineReduce::continues(std::uint32_t node, std::size_t child) const {
  const std::vector<std::uint32_t>& children = tree.children[node];
  const bool forwards = node != 0 && child + 1 == children.size() && tree.stores != node;
  return !tree.level_by_level && !forwards &&
         routes.sends_on[children[child]] == routes.sends_on[children[child - 1]];
}

LineReduce make_line_reduce(const Line& line, const std::string& algorithm, const CollectiveRequest& request,
                            std::uint8_t first_color) {
  const std::uint32_t nodes = line.size();
  if (algorithm == "auto" && nodes > 1) return make_auto(line, request, first_color);
  if (algorithm == "tree") {
    if (auto found = by_depth(line, binary_tree(nodes), request.parameters.switch_positions, first_color))
      return *found;
  }
  ReduceTree tree = chain_tree(nodes);
  std::vector<Color> senders(nodes, Color{first_color});
  std::uint32_t colors = 1;
  if (algorithm == "star") {
    tree = star_tree(nodes);
  } else {
    const std::uint32_t group = algorithm == "two_phase" ? group_of(request, nodes) : nodes;
    if (algorithm == "two_phase") tree = two_phase_tree(nodes, group);
    colors = 2;
    const std::vector<std::uint32_t> leaders = leaders_of(nodes, group);
    for (std::size_t g = 0; g < leaders.size(); ++g) {
      const std::uint32_t end = g + 1 < leaders.size() ? leaders[g + 1] : nodes;
      senders[leaders[g]] = color(first_color, static_cast<std::uint32_t>(g % 2));
      for (std::uint32_t i = leaders[g] + 1; i < end; ++i)
        senders[i] = color(first_color, (i - leaders[g]) % 2);
    }
  }
  auto routes = route_tree(line, tree, senders, request.parameters.switch_positions);
  if (!routes) {
    throw InputError{Problem{{},
                             "kernel",
                             fmt::format("{} on {} PEs needs more than {} switch positions", algorithm, nodes,
                                         request.parameters.switch_positions)}};
  }
  return {std::move(tree), std::move(*routes), colors};
}

void CollectiveBuilder::add_steps(const Rectangle& where, const std::vector<VectorInstruction>& steps) {
  for (auto& [rectangle, before] : parts_) {
    if (rectangle.x != where.x || rectangle.y != where.y || rectangle.height != where.height) continue;
    before.insert(before.end(), steps.begin(), steps.end());
    return;
  }
  parts_.push_back({where, steps});
}

Collective CollectiveBuilder::build() {
  std::vector<std::pair<const Steps*, std::vector<Rectangle>>> groups;
  for (const auto& [where, steps] : parts_) {
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&wanted = steps](const auto& it) { return *it.first == wanted; });
    if (same != groups.end()) {
      same->second.push_back(where);
    } else {
      groups.push_back({&steps, {where}});
    }
  }
  for (const auto& [steps, where] : groups) {
    Program program =
        make_program(request_.kernel, static_cast<std::uint32_t>(format_.memory_bytes()), style_, *steps);
    std::vector<Instruction>& first = program.tasks.front().body;
    if (format_.widens()) first.insert(first.begin(), format_.widening());
    layout_.program_on_all(where, std::move(program));
  }
  Collective result;
  result.plan = layout_.build();
  result.words = format_.words();
  result.initial_address = format_.initial_address();
  result.initial = [format = format_](PeAt at) { return format.initial_words(at); };
  return result;
}

}  // namespace wafersim
