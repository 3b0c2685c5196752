// From drafts to a graph in stages: names, links, order, shapes, the graph as a whole.
#include "wafersim/workload/graph_builder.hpp"

#include <limits>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "wafersim/base/suggest.hpp"
#include "wafersim/base/wide.hpp"

#include "workload/graph_order.hpp"
#include "workload/graph_report.hpp"
#include "workload/quote.hpp"
#include "workload/shapes.hpp"

namespace wafersim {
namespace {

using workload_detail::GraphReport;
using workload_detail::Nodes;

// What the names in the drafts stand for, as indices of drafts.
struct Links {
  std::vector<Nodes> inputs;
  std::vector<std::optional<std::uint32_t>> owner;
};

class NameTable {
 public:
  NameTable(const std::vector<LayerDraft>& drafts, GraphReport& report) : drafts_{drafts}, report_{report} {
    for (std::uint32_t i = 0; i < drafts.size(); ++i) {
      const LayerDraft& draft = drafts[i];
      const auto [known, fresh] = index_.try_emplace(draft.name, i);
      if (fresh) continue;
      report.add(draft.at, draft.name,
                 fmt::format("duplicate name '{}', already used at {}", draft.name,
                             to_string(drafts[known->second].at)));
    }
  }

  std::optional<std::uint32_t> find(const LayerDraft& user, const Reference& reference) {
    const auto known = index_.find(reference.layer);
    if (known != index_.end()) return known->second;
    report_.add(reference.at, user.name,
                fmt::format("unknown input {}{}", workload_detail::in_quotes(reference.layer),
                            suggestion(reference.layer)));
    return std::nullopt;
  }

 private:
  // Comparing with every name is slow, so a file full of unknown names gets only a few suggestions.
  std::string suggestion(const std::string& word) {
    constexpr std::size_t kMaxNames = 20'000;
    if (suggestions_left_ == 0 || drafts_.size() > kMaxNames) return {};
    --suggestions_left_;
    std::vector<std::string> names;
    for (const LayerDraft& draft : drafts_) names.push_back(draft.name);
    const std::optional<std::string> near = nearest_word(word, names);
    return near ? fmt::format(" (did you mean '{}'?)", *near) : std::string{};
  }

  const std::vector<LayerDraft>& drafts_;
  GraphReport& report_;
  std::unordered_map<std::string, std::uint32_t> index_;
  int suggestions_left_{10};
};

Links link(const std::vector<LayerDraft>& drafts, GraphReport& report) {
  NameTable names{drafts, report};
  Links links{.inputs = std::vector<Nodes>(drafts.size()),
              .owner = std::vector<std::optional<std::uint32_t>>(drafts.size())};
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    for (const Reference& input : drafts[i].inputs) {
      if (const auto source = names.find(drafts[i], input)) links.inputs[i].push_back(*source);
    }
    if (drafts[i].tied_to) links.owner[i] = names.find(drafts[i], *drafts[i].tied_to);
  }
  return links;
}

Nodes order(const std::vector<LayerDraft>& drafts, const Links& links, GraphReport& report) {
  std::vector<Nodes> sources = links.inputs;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (links.owner[i]) sources[i].push_back(*links.owner[i]);
  }
  workload_detail::Ordering ordering = workload_detail::order_of(sources);
  if (ordering.cycle.empty()) return std::move(ordering.order);
  const LayerDraft& first = drafts[ordering.cycle.front()];
  constexpr std::size_t kMostNames = 20;
  std::string path;
  for (std::size_t i = 0; i < ordering.cycle.size() && i < kMostNames; ++i) {
    path += fmt::format("{} -> ", drafts[ordering.cycle[i]].name);
  }
  if (ordering.cycle.size() > kMostNames) path += "... -> ";
  report.add(first.at, first.name, fmt::format("layers form a cycle: {}{}", path, first.name));
  return {};
}

// Fills the layers in the order in which they run; a layer whose sources are wrong is skipped in silence.
Graph shape(const std::vector<LayerDraft>& drafts, const Links& links, const Nodes& order,
            GraphReport& report) {
  Graph graph;
  graph.layers.reserve(order.size());
  std::vector<std::optional<LayerId>> id(drafts.size());
  for (const std::uint32_t node : order) {
    const LayerDraft& draft = drafts[node];
    Layer layer;
    layer.name = draft.name;
    layer.kind = draft.op;
    layer.block = draft.block;
    layer.output = static_cast<TensorId>(graph.layers.size());
    std::vector<const Layer*> inputs;
    for (const std::uint32_t source : links.inputs[node]) {
      if (!id[source]) continue;
      layer.inputs.push_back(*id[source]);
      inputs.push_back(&graph.layers[*id[source]]);
    }
    if (links.owner[node]) layer.tied_to = id[*links.owner[node]];
    const bool complete = inputs.size() == links.inputs[node].size() &&
                          layer.tied_to.has_value() == links.owner[node].has_value();
    const Layer* owner = layer.tied_to ? &graph.layers[*layer.tied_to] : nullptr;
    if (!complete || !infer_shape(layer, draft, inputs, owner, report)) continue;
    id[node] = layer.output;
    graph.tensors.push_back({.name = layer.name, .features = layer.out_features, .extent = layer.extent});
    graph.layers.push_back(std::move(layer));
  }
  return graph;
}

void check_outputs(const Graph& graph, const std::vector<LayerDraft>& drafts, const Nodes& order,
                   const SourceLocation& at, GraphReport& report) {
  std::vector<bool> used(graph.tensors.size());
  bool has_loss = false;
  for (const Layer& layer : graph.layers) {
    for (const TensorId input : layer.inputs) used[input] = true;
    if (layer.kind == OpKind::loss) has_loss = used[layer.output] = true;
  }
  if (!has_loss) report.add(at, "", "no layer is a loss; a training step starts its backward pass there");
  for (std::size_t i = 0; has_loss && i < graph.layers.size(); ++i) {
    if (!used[i]) report.add(drafts[order[i]].at, graph.layers[i].name, "no layer takes its output");
  }
}

// A block is run again as a whole, so nothing else may run in its midst.
void check_blocks(const Graph& graph, const std::vector<LayerDraft>& drafts, const Nodes& order,
                  GraphReport& report) {
  std::unordered_map<std::uint32_t, std::size_t> last;
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    if (layer.block == 0) continue;
    const auto [seen, fresh] = last.try_emplace(layer.block, i);
    if (!fresh && seen->second + 1 != i) {
      report.add(drafts[order[i]].at, layer.name,
                 fmt::format("its block is interrupted by '{}', which runs before it but is not part of it",
                             graph.layers[i - 1].name));
    }
    seen->second = i;
  }
}

void check_size(const Graph& graph, const SourceLocation& at, GraphReport& report) {
  Wide parameters = 0;
  for (const Layer& layer : graph.layers) parameters += layer.owned_weights();
  if (parameters > std::numeric_limits<std::uint64_t>::max()) {
    report.add(at, "", fmt::format("{} parameters are more than 64 bits can count", to_decimal(parameters)));
  }
}

}  // namespace

Graph GraphBuilder::build() const {
  GraphReport report;
  if (drafts_.empty()) report.add(at_, "", "a graph needs at least one layer");
  if (drafts_.size() > kMaxLayers) {
    report.add(at_, "", fmt::format("{} layers are more than the {} allowed", drafts_.size(), kMaxLayers));
  }
  report.throw_if_any();
  const Links links = link(drafts_, report);
  report.throw_if_any();
  const Nodes sorted = order(drafts_, links, report);
  report.throw_if_any();
  Graph graph = shape(drafts_, links, sorted, report);
  graph.name = name_;
  report.throw_if_any();
  check_outputs(graph, drafts_, sorted, at_, report);
  check_blocks(graph, drafts_, sorted, report);
  check_size(graph, at_, report);
  report.throw_if_any();
  return graph;
}

}  // namespace wafersim
