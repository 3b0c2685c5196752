// Layers and repeated blocks of layers become drafts under their full names.
#include "workload/graph_file.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/config/record.hpp"

#include "workload/layer_keys.hpp"
#include "workload/layer_record.hpp"

namespace wafersim::workload_detail {
namespace {

constexpr std::string_view kEntering = "$in";

// What names mean at one place of the file.
struct Scope {
  std::string prefix;                     // "encoder.3." inside a repetition
  const std::set<std::string>* locals{};  // names that belong to the repetition
  std::optional<std::string> entering;    // what `$in` stands for
};

class GraphFile {
 public:
  GraphFile(const Tree& list, const std::string& name) : list_{list}, builder_{name, list.at} {}

  Graph read() {
    if (list_.kind != Tree::Kind::list) problems_.add(list_.at, "graph", "expected a list of layers");
    for (std::size_t i = 0; i < list_.items.size(); ++i) {
      const Tree& item = list_.items[i];
      const std::string path = fmt::format("graph.{}", i);
      if (item.find("repeat") != nullptr) {
        read_repeat(item, path);
      } else {
        add(read_layer(item, path, problems_), Scope{});
      }
    }
    problems_.throw_if_any();
    return builder_.build();
  }

 private:
  void read_repeat(const Tree& item, const std::string& path);
  std::vector<PlacedLayer> read_layers(const Tree* list, const std::string& path);
  void expand(const RepeatRecord& block, const std::vector<PlacedLayer>& layers,
              const std::optional<Reference>& input);
  void add(const PlacedLayer& layer, const Scope& scope);
  std::optional<Reference> resolve(const Reference& name, const Scope& scope, const std::string& user);

  const Tree& list_;
  GraphBuilder builder_;
  Problems problems_;
  std::optional<std::string> previous_;  // full name of the layer before, in the order of the file
  std::uint32_t blocks_{};
};

std::vector<PlacedLayer> GraphFile::read_layers(const Tree* list, const std::string& path) {
  std::vector<PlacedLayer> layers;
  if (list == nullptr) return layers;
  if (list->kind != Tree::Kind::list || list->items.empty()) {
    problems_.add(list->at, path, "expected a list of at least one layer");
    return layers;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    layers.push_back(read_layer(list->items[i], fmt::format("{}.{}", path, i), problems_));
  }
  return layers;
}

void GraphFile::read_repeat(const Tree& item, const std::string& path) {
  RecordReader reader{item, path, problems_};
  RepeatRecord block;
  visit_fields(reader, block);
  const Tree* list = reader.take("layers", true);
  reader.finish();
  const std::vector<PlacedLayer> layers = read_layers(list, path + ".layers");
  if (const Tree* name = item.find("name")) check_name(*name, path + ".name", problems_);
  if (block.repeat > kMaxLayers / std::max<std::uint64_t>(1, layers.size())) {
    problems_.add(item.at, path,
                  fmt::format("{} repetitions of {} layers are more than the {} layers allowed", block.repeat,
                              layers.size(), kMaxLayers));
  }
  if (!problems_.empty()) return;  // names would only lead to errors that follow from these
  std::optional<Reference> input;
  if (block.input) input = Reference{.layer = *block.input, .at = item.find("input")->at};
  expand(block, layers, input);
}

void GraphFile::expand(const RepeatRecord& block, const std::vector<PlacedLayer>& layers,
                       const std::optional<Reference>& input) {
  std::set<std::string> locals;
  for (const PlacedLayer& layer : layers) locals.insert(layer.draft.name);
  if (input) previous_ = input->layer;
  for (std::uint64_t i = 0; i < block.repeat; ++i) {
    ++blocks_;
    const Scope scope{
        .prefix = fmt::format("{}.{}.", block.name, i), .locals = &locals, .entering = previous_};
    for (const PlacedLayer& layer : layers) add(layer, scope);
  }
}

std::optional<Reference> GraphFile::resolve(const Reference& name, const Scope& scope,
                                            const std::string& user) {
  if (name.layer == kEntering) {
    if (scope.entering) return Reference{.layer = *scope.entering, .at = name.at};
    problems_.add(name.at, user,
                  scope.locals == nullptr ? "'$in' has a meaning only inside a repeat"
                                          : "nothing enters this repeat; '$in' needs a layer before it");
    return std::nullopt;
  }
  const bool local = scope.locals != nullptr && scope.locals->contains(name.layer);
  return Reference{.layer = local ? scope.prefix + name.layer : name.layer, .at = name.at};
}

void GraphFile::add(const PlacedLayer& layer, const Scope& scope) {
  LayerDraft draft = layer.draft;
  draft.name = scope.prefix + draft.name;
  if (scope.locals != nullptr) draft.block = blocks_;
  draft.inputs.clear();
  for (const Reference& input : layer.draft.inputs) {
    if (auto known = resolve(input, scope, draft.name)) draft.inputs.push_back(std::move(*known));
  }
  if (draft.tied_to) draft.tied_to = resolve(*draft.tied_to, scope, draft.name);
  if (layer.takes_previous && previous_) draft.inputs.push_back({.layer = *previous_, .at = draft.at});
  previous_ = draft.name;
  builder_.add(std::move(draft));
}

}  // namespace

Graph read_graph(const Tree& list, const std::string& name) {
  return GraphFile{list, name}.read();
}

}  // namespace wafersim::workload_detail
