// Topological sort that keeps the file's order and can name a cycle.
#include "workload/graph_order.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <queue>

namespace wafersim::workload_detail {
namespace {

std::vector<Nodes> users_of(const std::vector<Nodes>& sources) {
  std::vector<Nodes> users(sources.size());
  for (std::uint32_t node = 0; node < sources.size(); ++node) {
    for (const std::uint32_t source : sources[node]) users[source].push_back(node);
  }
  return users;
}

// Every node that is left waits for another one that is left, so walking from source to source must return.
Nodes find_cycle(const std::vector<Nodes>& sources, const std::vector<std::size_t>& waiting) {
  const auto left = [&](std::uint32_t node) { return waiting[node] > 0; };
  std::uint32_t node = 0;
  while (!left(node)) ++node;
  constexpr std::size_t kUnseen = ~std::size_t{0};
  std::vector<std::size_t> position(sources.size(), kUnseen);
  Nodes path;
  while (position[node] == kUnseen) {
    position[node] = path.size();
    path.push_back(node);
    node = *std::find_if(sources[node].begin(), sources[node].end(), left);
  }
  path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(position[node]));
  std::reverse(path.begin(), path.end());
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
  return path;
}

}  // namespace

Ordering order_of(const std::vector<Nodes>& sources) {
  const std::vector<Nodes> users = users_of(sources);
  std::vector<std::size_t> waiting(sources.size());
  std::priority_queue<std::uint32_t, Nodes, std::greater<>> ready;
  for (std::uint32_t node = 0; node < sources.size(); ++node) {
    waiting[node] = sources[node].size();
    if (waiting[node] == 0) ready.push(node);
  }
  Ordering result;
  result.order.reserve(sources.size());
  while (!ready.empty()) {
    const std::uint32_t node = ready.top();
    ready.pop();
    result.order.push_back(node);
    for (const std::uint32_t user : users[node]) {
      if (--waiting[user] == 0) ready.push(user);
    }
  }
  if (result.order.size() < sources.size()) result.cycle = find_cycle(sources, waiting);
  return result;
}

std::optional<std::uint32_t> first_apart(const std::vector<Nodes>& sources) {
  const std::vector<Nodes> users = users_of(sources);
  std::vector<bool> reached(sources.size());
  Nodes next{0};
  while (!next.empty() && !sources.empty()) {
    const std::uint32_t node = next.back();
    next.pop_back();
    if (reached[node]) continue;
    reached[node] = true;
    for (const Nodes* neighbours : {&sources[node], &users[node]})
      next.insert(next.end(), neighbours->begin(), neighbours->end());
  }
  const auto found = std::find(reached.begin(), reached.end(), false);
  if (found == reached.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - reached.begin());
}

}  // namespace wafersim::workload_detail
