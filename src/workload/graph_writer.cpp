// One map for each layer, with the keys that its operator has and that are not what is meant anyway.
#include "workload/graph_writer.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace wafersim::workload_detail {
namespace {

class LayerWriter {
 public:
  LayerWriter(const Graph& graph, const Layer& layer) : graph_{graph}, layer_{layer} {}

  Tree write() {
    text("name", layer_.name);
    text("op", std::string{to_string(layer_.kind)});
    inputs();
    if (layer_.block != 0) number("block", layer_.block);
    switch (layer_.kind) {
      case OpKind::embedding:
        number("rows", layer_.in_features);
        number("features", layer_.out_features);
        size("size", layer_.extent);
        tie();
        break;
      case OpKind::linear:
        number("features", layer_.out_features);
        bias();
        tie();
        experts();
        break;
      case OpKind::attention:
        attention();
        break;
      case OpKind::norm:
        text("function", layer_.function);
        if (layer_.vector_weights == 0) plain("affine", "false");
        plain("bias", layer_.vector_weights == 2 * layer_.out_features ? "true" : "false");
        if (layer_.window.groups != 1) number("groups", layer_.window.groups);
        break;
      case OpKind::elementwise:
        text("function", layer_.function);
        if (layer_.zeros) plain("zeros", spell(*layer_.zeros));
        bias();
        break;
      case OpKind::input:
      case OpKind::move:
        number("features", layer_.out_features);
        size("size", layer_.extent);
        break;
      case OpKind::convolution:
        convolution();
        break;
      case OpKind::pool:
        pool();
        break;
      case OpKind::recurrent:
        text("function", layer_.function);
        number("features", layer_.out_features / layer_.directions);
        if (layer_.directions != 1) number("directions", layer_.directions);
        plain("bias", layer_.vector_weights > 0 ? "true" : "false");
        break;
      case OpKind::multiply:
      case OpKind::residual:
      case OpKind::loss:
        break;
      case OpKind::concat:
        concat();
        break;
    }
    return std::move(tree_);
  }

 private:
  void put(std::string key, Tree value) {
    tree_.entries.push_back({.key = std::move(key), .key_at = {}, .value = std::move(value)});
  }
  void text(std::string key, std::string value) { put(std::move(key), make_text(std::move(value))); }
  void plain(std::string key, std::string value) { put(std::move(key), make_plain(std::move(value))); }
  void number(std::string key, std::uint64_t value) { plain(std::move(key), std::to_string(value)); }
  // Nothing for one position for each token.
  void size(std::string key, const Extent& extent) {
    if (!extent.per_token()) plain(std::move(key), fmt::format("{}x{}", extent.width, extent.height));
  }
  void size_unless_one(std::string key, const Extent& extent) {
    if (extent != Extent{1, 1}) size(std::move(key), extent);
  }
  void bias() {
    if (layer_.vector_weights > 0) plain("bias", "true");
  }
  void tie() {
    if (layer_.tied_to) text("tied_to", layer_.matrix_owner);
  }
  void inputs() {
    const bool several = layer_.kind == OpKind::multiply || layer_.kind == OpKind::residual ||
                         layer_.kind == OpKind::concat || layer_.kind == OpKind::attention;
    if (!several && !layer_.inputs.empty()) return text("input", graph_.tensors[layer_.inputs.front()].name);
    if (layer_.inputs.empty()) return;
    Tree list = make_tree(Tree::Kind::list);
    for (const TensorId id : layer_.inputs) list.items.push_back(make_text(graph_.tensors[id].name));
    put("inputs", std::move(list));
  }
  void experts() {
    if (layer_.experts == ExpertShape{}) return;
    number("experts", layer_.experts.count);
    number("active_experts", layer_.experts.active);
    if (layer_.experts.combine) plain("combine", "true");
  }
  // Inputs with different positions can only come one after the other.
  void concat() {
    const Tensor& first = graph_.tensors[layer_.inputs.front()];
    const bool equal = std::all_of(layer_.inputs.begin(), layer_.inputs.end(),
                                   [&](TensorId id) { return graph_.tensors[id].extent == first.extent; });
    if (equal && layer_.extent != first.extent) plain("along_positions", "true");
  }
  void attention() {
    number("heads", layer_.attention.heads);
    number("kv_heads", layer_.attention.kv_heads);
    number("head_dim", layer_.attention.head_dim);
    if (!layer_.attention.causal) plain("causal", "false");
    if (layer_.attention.window != 0) number("window", layer_.attention.window);
    if (layer_.vector_weights != 0)
      number("position_buckets", layer_.vector_weights / layer_.attention.heads);
  }
  void convolution() {
    number("features", layer_.out_features);
    size("kernel", layer_.window.kernel);
    size_unless_one("stride", layer_.window.stride);
    size_unless_one("dilation", layer_.window.dilation);
    if (layer_.window.groups != 1) number("groups", layer_.window.groups);
    if (layer_.window.transposed) plain("transposed", "true");
    size("size", layer_.extent);
    bias();
  }
  // Of the whole input, a pool names no kernel.
  void pool() {
    text("function", layer_.function);
    const WindowShape& window = layer_.window;
    if (window.kernel == window.in && window.stride == window.in && layer_.extent == Extent{1, 1}) return;
    size("kernel", window.kernel);
    size("stride", window.stride);
    size_unless_one("dilation", window.dilation);
    size("size", layer_.extent);
  }

  const Graph& graph_;
  const Layer& layer_;
  Tree tree_ = make_tree(Tree::Kind::map);
};

}  // namespace

bool has_tokens(const Graph& graph) {
  return std::any_of(graph.tensors.begin(), graph.tensors.end(),
                     [](const Tensor& tensor) { return tensor.extent.per_token(); });
}

Tree write_graph(const Graph& graph) {
  Tree list = make_tree(Tree::Kind::list);
  for (const Layer& layer : graph.layers) list.items.push_back(LayerWriter{graph, layer}.write());
  return list;
}

}  // namespace wafersim::workload_detail
