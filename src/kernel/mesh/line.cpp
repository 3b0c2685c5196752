// Lays the messages of a tree on a line of routers, switches included.
#include "line.hpp"

#include <algorithm>
#include <map>

namespace wafersim {

Line Line::rows(GridSize grid) {
  Line line;
  for (std::uint32_t x = 0; x < grid.columns; ++x) {
    line.nodes_.push_back({{.x = x, .height = static_cast<std::uint32_t>(grid.rows)}, Port::west});
  }
  return line;
}

Line Line::first_column(GridSize grid) {
  Line line;
  for (std::uint32_t y = 0; y < grid.rows; ++y) line.nodes_.push_back({{.y = y}, Port::north});
  return line;
}

Line Line::snake(GridSize grid) {
  Line line;
  for (std::uint32_t y = 0; y < grid.rows; ++y) {
    for (std::uint32_t i = 0; i < grid.columns; ++i) {
      const auto last = static_cast<std::uint32_t>(grid.columns - 1);
      const std::uint32_t x = y % 2 == 0 ? i : last - i;
      const Port back = i == 0 ? Port::north : y % 2 == 0 ? Port::west : Port::east;
      line.nodes_.push_back({{.x = x, .y = y}, back});
    }
  }
  return line;
}

namespace {

enum class Role : std::uint8_t { sends, passes, receives };
using Roles = std::map<Color, std::vector<Role>>;  // one role per message, in the order of the messages

// Sends the messages of a tree in order, and notes what each router on the way does.
class Messenger {
 public:
  Messenger(const ReduceTree& tree, const std::vector<Color>& colors)
      : tree_{tree}, colors_{colors}, roles_(tree.size()) {}

  std::vector<Roles> run() {
    for (std::uint32_t node = 0; node < tree_.size(); ++node) {
      for (const std::uint32_t child : tree_.children[node]) parents_[child] = node;
    }
    // Children lie behind their parents, and later children behind earlier ones, so the last wish comes
    // first.
    std::vector<std::uint32_t> stack{0};
    std::vector<std::uint32_t> order;
    while (!stack.empty()) {
      const std::uint32_t node = stack.back();
      stack.pop_back();
      order.push_back(node);
      for (const std::uint32_t child : tree_.children[node]) stack.push_back(child);
    }
    std::reverse(order.begin(), order.end());  // children in turn, then the node itself
    for (const std::uint32_t node : order) {
      if (node != 0) send(node, parents_.at(node));
    }
    return std::move(roles_);
  }

 private:
  void send(std::uint32_t from, std::uint32_t to) {
    const Color color = colors_[from];
    roles_[from][color].push_back(Role::sends);
    for (std::uint32_t between = to + 1; between < from; ++between)
      roles_[between][color].push_back(Role::passes);
    roles_[to][color].push_back(Role::receives);
  }

  const ReduceTree& tree_;
  const std::vector<Color>& colors_;
  std::vector<Roles> roles_;
  std::map<std::uint32_t, std::uint32_t> parents_;
};

RoutePosition position_of(Role role, const Line& line, std::uint32_t node) {
  switch (role) {
    case Role::sends:
      return {Port::ramp, line.to_previous(node)};
    case Role::passes:
      return {line.to_next(node), line.to_previous(node)};
    case Role::receives:
      return {line.to_next(node), Port::ramp};
  }
  return {};
}

bool reads(const VectorInstruction& step, Color color) {
  const auto* in = std::get_if<FabricInput>(&step.b);
  return in != nullptr && in->color == color;
}

void drop_period(VectorInstruction& step) {
  if (auto* to = std::get_if<MemoryVector>(&step.to)) to->period = 0;
  if (auto* a = std::get_if<MemoryVector>(&step.a)) a->period = 0;
}

}  // namespace

std::optional<ReduceRoutes> route_tree(const Line& line, const ReduceTree& tree,
                                       const std::vector<Color>& color_of_sender, std::uint32_t positions) {
  ReduceRoutes result;
  result.sends_on = color_of_sender;
  result.last.assign(tree.size(), LastWavelet::plain);
  result.routes.resize(tree.size());
  std::map<Color, bool> switched;
  std::vector<Roles> roles = Messenger{tree, color_of_sender}.run();
  for (std::uint32_t node = 0; node < tree.size(); ++node) {
    for (auto& [color, sequence] : roles[node]) {
      // The last position stays, so that equal roles at the end need only one.
      while (sequence.size() > 1 && sequence[sequence.size() - 2] == sequence.back()) sequence.pop_back();
      if (sequence.size() > positions) return std::nullopt;
      if (sequence.size() > 1) switched[color] = true;
      Route route;
      for (const Role role : sequence) route.push_back(position_of(role, line, node));
      result.routes[node].push_back({color, route});
    }
  }
  for (std::uint32_t node = 1; node < tree.size(); ++node) {
    if (switched[color_of_sender[node]]) result.last[node] = LastWavelet::control;
  }
  return result;
}

std::vector<VectorInstruction> reduce_steps(const ReduceTree& tree, const ReduceRoutes& routes,
                                            std::uint32_t node, const VectorFormat& format) {
  const std::uint32_t length = format.elements_of(format.words());
  const Precision precision = format.sums();
  const MemoryVector own{};
  const FabricOutput out{routes.sends_on[node], routes.last[node]};
  const std::vector<std::uint32_t>& children = tree.children[node];
  std::vector<VectorInstruction> steps;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const FabricInput in{routes.sends_on[children[i]]};
    const bool last = i + 1 == children.size();
    if (last && node != 0 && tree.stores != node) {
      steps.push_back({.operation = Operation::add,
                       .precision = precision,
                       .to = out,
                       .a = own,
                       .b = in,
                       .length = length});
      continue;
    }
    VectorInstruction* before = steps.empty() ? nullptr : &steps.back();
    if (before != nullptr && !tree.level_by_level && reads(*before, in.color)) {
      before->length += length;  // one instruction that runs over the vector again
      continue;
    }
    const MemoryVector wrapped{.period = length};
    steps.push_back({.operation = Operation::add,
                     .precision = precision,
                     .to = wrapped,
                     .a = wrapped,
                     .b = in,
                     .length = length});
  }
  if (node != 0 && (children.empty() || tree.stores == node)) {
    steps.push_back(
        {.operation = Operation::move, .precision = precision, .to = out, .a = own, .length = length});
  }
  for (VectorInstruction& step : steps) {
    if (step.length == length) drop_period(step);
  }
  return steps;
}

}  // namespace wafersim
