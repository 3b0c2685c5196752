// Finds layers that repeat by their names.
#include "report/layer_groups.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "wafersim/report/format.hpp"

namespace wafersim::report_detail {
namespace {

bool is_number(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

Cycles time_of(const LayerOutcome& layer) {
  return layer.forward_cycles + layer.backward_cycles;
}

void add(LayerGroup& group, const LayerOutcome& layer) {
  const Cycles time = time_of(layer);
  group.least = group.count == 0 ? time : std::min(group.least, time);
  group.most = std::max(group.most, time);
  if (layer.utilization > 0 && (group.utilization == 0 || layer.utilization < group.utilization)) {
    group.utilization = layer.utilization;
    group.weakness = layer.weakness;
  }
  ++group.count;
  group.total += time;
  group.compute += layer.compute_cycles;
  group.fabric += layer.fabric_cycles;
  group.waited += layer.stream_wait_cycles + layer.reduce_wait_cycles + layer.update_wait_cycles;
}

void merge(LayerGroup& rest, const LayerGroup& group) {
  rest.least = rest.count == 0 ? group.least : std::min(rest.least, group.least);
  rest.most = std::max(rest.most, group.most);
  rest.count += group.count;
  rest.total += group.total;
  rest.compute += group.compute;
  rest.fabric += group.fabric;
  rest.waited += group.waited;
}

}  // namespace

std::string pattern_of(std::string_view name) {
  std::string pattern;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view word = name.substr(0, dot);
    pattern += is_number(word) ? "*" : word;
    if (dot == std::string_view::npos) return pattern;
    pattern += '.';
    name.remove_prefix(dot + 1);
  }
}

std::vector<LayerGroup> group_layers(const std::vector<LayerOutcome>& layers) {
  std::vector<LayerGroup> groups;
  std::map<std::tuple<std::string, std::string, std::uint64_t>, std::size_t> known;
  for (const LayerOutcome& layer : layers) {
    const auto [entry, fresh] =
        known.try_emplace({pattern_of(layer.name), layer.kind, layer.weights}, groups.size());
    if (fresh) groups.push_back({.name = layer.name, .kind = layer.kind, .weights = layer.weights});
    LayerGroup& group = groups[entry->second];
    if (group.count == 1) group.name = std::get<0>(entry->first);  // a layer of its own keeps its name
    add(group, layer);
  }
  return groups;
}

std::vector<LayerGroup> largest_groups(std::vector<LayerGroup> groups, std::size_t limit) {
  if (groups.size() <= limit) return groups;
  std::vector<std::size_t> order(groups.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return groups[a].total > groups[b].total; });
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(limit) - 1);
  std::vector<LayerGroup> shown;
  for (std::size_t i = 0; i + 1 < limit; ++i) shown.push_back(groups[order[i]]);
  LayerGroup rest{.name = fmt::format("({} more rows)", grouped(groups.size() - limit + 1)), .kind = "all"};
  for (std::size_t i = limit - 1; i < order.size(); ++i) merge(rest, groups[order[i]]);
  shown.push_back(std::move(rest));
  return shown;
}

}  // namespace wafersim::report_detail
