// Walks from a stuck core along queues and routes.
#include "wafersim/mesh/deadlock.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "wafersim/mesh/timing.hpp"

namespace wafersim {
namespace {

enum class Place : std::uint8_t { input, output, router, start, memory, blocked };

// Somebody who waits: a core for a wavelet of a color, for room to send one, or for one that starts a task; a
// core for a FIFO or a microthread of its own; a core with a blocked task; or a router with a wavelet.
struct Node {
  PeAt at;
  Place place = Place::input;
  std::size_t color{};  // index in the plan; of `blocked`: the task; of `memory`: none
  friend auto operator<=>(const Node&, const Node&) = default;
};

class Walker {
 public:
  explicit Walker(const MeshEngine& engine) : engine_{engine}, plan_{engine.plan()} {}

  DeadlockExplanation run() {
    DeadlockExplanation result;
    std::optional<Node> start;
    std::map<std::string, DeadlockExplanation::Group> groups;
    for (std::uint32_t y = 0; y < plan_.grid.rows; ++y) {
      for (std::uint32_t x = 0; x < plan_.grid.columns; ++x) {
        for (const Node& node : core_waits({x, y})) {
          if (!start) start = node;
          auto& group = groups[describe(node)];
          if (group.pes++ == 0) group = {describe(node), 1, node.at};
        }
      }
    }
    for (auto& [what, group] : groups) result.groups.push_back(group);
    std::stable_sort(result.groups.begin(), result.groups.end(),
                     [](auto& a, auto& b) { return a.pes > b.pes; });
    if (start) follow(*start, result);
    return result;
  }

 private:
  const PeState& state(PeAt at) {
    const auto found = states_.find(at);
    return found != states_.end() ? found->second : states_.emplace(at, engine_.state(at)).first->second;
  }

  [[nodiscard]] std::size_t index_of_color(Color color) const {
    return static_cast<std::size_t>(std::lower_bound(plan_.colors.begin(), plan_.colors.end(), color) -
                                    plan_.colors.begin());
  }

  // What the instructions under way in a core wait for.
  std::vector<Node> core_waits(PeAt at) {
    std::vector<Node> waits;
    const PeState& here = state(at);
    for (const PeState::ThreadState& thread : here.threads) {
      if (thread.reads && here.colors[index_of_color(*thread.reads)].input.empty()) {
        waits.push_back({at, Place::input, index_of_color(*thread.reads)});
      } else if (thread.writes &&
                 here.colors[index_of_color(*thread.writes)].output.size() >= room_to_send()) {
        waits.push_back({at, Place::output, index_of_color(*thread.writes)});
      } else {
        waits.push_back({at, Place::memory});
      }
    }
    if (here.task && here.threads.empty()) waits.push_back({at, Place::memory});
    for (std::size_t task = 0; task < tasks_at(at).size(); ++task) {
      if (((here.pending & here.blocked) >> task & 1U) != 0) waits.push_back({at, Place::blocked, task});
    }
    return waits;
  }

  // What an idle core waits for: a wavelet that starts a task, first of all one that would send `wanted`.
  std::optional<Node> start_at(PeAt at, Color wanted) {
    std::optional<Node> first;
    for (const Task& task : tasks_at(at)) {
      if (!task.started_by || !state(at).colors[index_of_color(*task.started_by)].input.empty()) continue;
      const Node node{at, Place::start, index_of_color(*task.started_by)};
      if (sends(task, wanted)) return node;
      if (!first) first = node;
    }
    return first;
  }

  [[nodiscard]] static bool sends(const Task& task, Color color) {
    return std::any_of(task.body.begin(), task.body.end(), [&](const Instruction& it) {
      const auto* vector = std::get_if<VectorInstruction>(&it);
      return vector != nullptr && written_color(*vector) == color;
    });
  }

  [[nodiscard]] const std::vector<Task>& tasks_at(PeAt at) const { return plan_.program_at(at).tasks; }
  [[nodiscard]] std::size_t room_to_send() const {
    return plan_.parameters.output_queue_depth + plan_.parameters.ramp_cycles;
  }

  std::string describe(const Node& node) {
    const PeState& here = state(node.at);
    std::string who = fmt::format("program '{}'", plan_.program_at(node.at).name);
    if (node.place == Place::blocked)
      return fmt::format("{}: task '{}' is activated, but blocked", who, tasks_at(node.at)[node.color].name);
    if (here.task)
      who += fmt::format(", task '{}',", tasks_at(node.at)[static_cast<std::size_t>(*here.task)].name);
    if (node.place == Place::memory) return who + " waits for a FIFO or a microthread of its own";
    const int color = number_of(plan_.colors[node.color]);
    switch (node.place) {
      case Place::router:
        return fmt::format("the router holds {} wavelets of color {}", here.colors[node.color].router.size(),
                           color);
      case Place::input:
        return fmt::format("{} waits for a wavelet of color {}", who, color);
      case Place::output:
        return fmt::format("{} waits for room to send color {}", who, color);
      default:
        return fmt::format("{} waits for a wavelet of color {} to start a task", who, color);
    }
  }

  void follow(Node node, DeadlockExplanation& result) {
    std::map<Node, std::size_t> seen;
    for (std::optional<Node> next = node; next; next = cause_of(*next, result)) {
      const auto [entry, fresh] = seen.emplace(*next, result.chain.size());
      if (!fresh) {
        result.closes = true;
        result.circle_begin = entry->second;
        return;
      }
      result.chain.push_back({next->at, describe(*next)});
    }
  }

  std::optional<Node> cause_of(const Node& node, DeadlockExplanation& result) {
    switch (node.place) {
      case Place::input:
      case Place::start:
        return supplier_of(node, result);
      case Place::memory:
        return start_at(node.at, {});
      case Place::blocked:
        return std::nullopt;
      case Place::output:
        return Node{node.at, Place::router, node.color};
      case Place::router:
        return obstacle_of(node, result);
    }
    return std::nullopt;
  }

  [[nodiscard]] const Route& route_at(PeAt at, std::size_t color) const {
    return plan_.routes[plan_.route_maps[color][plan_.index_of(at)]];
  }

  static PeAt beyond(PeAt at, Port port) {
    switch (port) {
      case Port::north:
        return {at.x, at.y - 1};
      case Port::south:
        return {at.x, at.y + 1};
      case Port::east:
        return {at.x + 1, at.y};
      case Port::west:
        return {at.x - 1, at.y};
      case Port::ramp:
        break;
    }
    return at;
  }

  // Upstream until a router holds the color or a core should send it.
  std::optional<Node> supplier_of(const Node& node, DeadlockExplanation& result) {
    PeAt at = node.at;
    for (std::uint64_t steps = 0; steps <= plan_.grid.columns * plan_.grid.rows; ++steps) {
      const PeState::ColorState& here = state(at).colors[node.color];
      if (!here.router.empty()) return Node{at, Place::router, node.color};
      const Route& route = route_at(at, node.color);
      if (route.empty()) return std::nullopt;
      const Port from = route[here.accepts_position].from;
      if (from == Port::ramp) return sender_at(at, node.color, result);
      if (is_rim(at, from)) return outside_at(at, from, node.color, result);
      at = beyond(at, from);
    }
    return std::nullopt;
  }

  [[nodiscard]] bool is_rim(PeAt at, Port port) const {
    return (port == Port::west && at.x == 0) || (port == Port::east && at.x + 1 == plan_.grid.columns);
  }

  // Nobody inside can help: the outside has sent too little of the color, or another color stands in front.
  std::optional<Node> outside_at(PeAt at, Port side, std::size_t color, DeadlockExplanation& result) {
    const std::vector<EdgeWavelet> line = engine_.outside({at.y, side});
    const int wanted = number_of(plan_.colors[color]);
    if (line.empty() || line.front().color == plan_.colors[color]) {
      result.chain.push_back(
          {at, fmt::format("nobody outside in the {} sends more of color {}", name_of(side), wanted)});
      return std::nullopt;
    }
    const int first = number_of(line.front().color);
    result.chain.push_back({at, fmt::format("the line outside in the {} is held up by a wavelet of color {}",
                                            name_of(side), first)});
    return Node{at, Place::router, index_of_color(line.front().color)};
  }

  std::optional<Node> sender_at(PeAt at, std::size_t color, DeadlockExplanation& result) {
    const std::vector<Node> waits = core_waits(at);
    if (!waits.empty()) return waits.front();
    if (const auto start = start_at(at, plan_.colors[color])) return start;
    result.chain.push_back({at, fmt::format("program '{}' is idle and will never send color {}",
                                            plan_.program_at(at).name, number_of(plan_.colors[color]))});
    return std::nullopt;
  }

  // What keeps the head of a router's queue from leaving.
  std::optional<Node> obstacle_of(const Node& node, DeadlockExplanation& result) {
    const PeState::ColorState& here = state(node.at).colors[node.color];
    const Route& route = route_at(node.at, node.color);
    if (here.router.empty()) {  // the ramp is not let in: the switch still takes the color from elsewhere
      return supplier_of(node, result);
    }
    const Ports to = route[here.sends_position].to;
    for (const Port port : kAllPorts) {
      if (!to.contains(port)) continue;
      if (port == Port::ramp) {
        const std::size_t room = plan_.parameters.input_queue_depth + plan_.parameters.ramp_cycles;
        if (here.input.size() >= room) return reader_at(node.at, node.color, result);
        continue;
      }
      if (is_rim(node.at, port)) continue;  // the outside takes everything
      const PeAt next = beyond(node.at, port);
      const PeState::ColorState& there = state(next).colors[node.color];
      if (there.router.size() >= plan_.parameters.router_queue_depth)
        return Node{next, Place::router, node.color};
      if (route_at(next, node.color)[there.accepts_position].from != opposite(port)) {
        return supplier_of({next, Place::input, node.color}, result);  // its switch waits for somebody else
      }
    }
    return std::nullopt;
  }

  std::optional<Node> reader_at(PeAt at, std::size_t color, DeadlockExplanation& result) {
    const std::vector<Node> waits = core_waits(at);
    if (!waits.empty()) return waits.front();
    const std::vector<Task>& tasks = tasks_at(at);
    const auto reader = std::find_if(
        tasks.begin(), tasks.end(), [&](const Task& task) { return task.started_by == plan_.colors[color]; });
    const std::string why =
        reader == tasks.end() ? "is idle" : fmt::format("has blocked its task '{}'", reader->name);
    result.chain.push_back({at, fmt::format("program '{}' {} and will never read color {}",
                                            plan_.program_at(at).name, why, number_of(plan_.colors[color]))});
    return std::nullopt;
  }

  const MeshEngine& engine_;
  const MeshPlan& plan_;
  std::map<PeAt, PeState> states_;
};

}  // namespace

DeadlockExplanation explain_deadlock(const MeshEngine& engine) {
  return Walker{engine}.run();
}

}  // namespace wafersim
