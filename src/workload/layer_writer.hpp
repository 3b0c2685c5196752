// Writes a model's layers down one after another.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "wafersim/workload/graph_builder.hpp"

namespace wafersim::workload_detail {

// Adds layers one after another; each verb returns the new layer's name, so that it can be the next one's
// input.
class LayerWriter {
 public:
  LayerWriter(GraphBuilder& graph, SourceLocation at) : graph_{graph}, at_{std::move(at)} {}

  // Names from here on start with "prefix.", and belong to this recomputation block.
  void enter(std::string prefix, std::uint32_t block) {
    prefix_ = std::move(prefix) + ".";
    block_ = block;
  }
  void leave() {
    prefix_.clear();
    block_ = 0;
  }

  std::string embedding(const std::string& name, std::uint64_t rows, std::uint64_t features) {
    LayerDraft draft = start(name, OpKind::embedding, {});
    draft.rows = rows;
    draft.features = features;
    return finish(std::move(draft));
  }
  std::string linear(const std::string& name, const std::string& input, std::uint64_t features, bool bias) {
    LayerDraft draft = start(name, OpKind::linear, {input});
    draft.features = features;
    draft.bias = bias;
    return finish(std::move(draft));
  }
  std::string norm(const std::string& name, const std::string& input, const std::string& function) {
    LayerDraft draft = start(name, OpKind::norm, {input});
    draft.function = function;
    draft.bias = function == "layernorm";
    return finish(std::move(draft));
  }
  std::string attention(const std::string& name, std::vector<std::string> inputs, const AttentionShape& shape,
                        std::uint64_t position_buckets = 0) {
    LayerDraft draft = start(name, OpKind::attention, std::move(inputs));
    draft.heads = shape.heads;
    draft.kv_heads = shape.kv_heads;
    draft.head_dim = shape.head_dim;
    draft.causal = shape.causal;
    draft.window = shape.window;
    draft.position_buckets = position_buckets;
    return finish(std::move(draft));
  }
  std::string experts(const std::string& name, const std::string& input, std::uint64_t features,
                      const ExpertShape& shape) {
    LayerDraft draft = start(name, OpKind::linear, {input});
    draft.features = features;
    draft.experts = shape;
    return finish(std::move(draft));
  }
  std::string elementwise(const std::string& name, const std::string& input, const std::string& function) {
    LayerDraft draft = start(name, OpKind::elementwise, {input});
    draft.function = function;
    return finish(std::move(draft));
  }
  std::string join(const std::string& name, OpKind op, const std::string& a, const std::string& b) {
    return finish(start(name, op, {a, b}));
  }
  // The output projection and the loss.
  void head(const std::string& name, const std::string& input, std::uint64_t vocabulary,
            const std::string& table, bool tied, bool bias = false) {
    LayerDraft draft = start(name, OpKind::linear, {input});
    draft.features = vocabulary;
    draft.bias = bias;
    if (tied) draft.tied_to = Reference{.layer = table, .at = at_};
    loss(finish(std::move(draft)));
  }
  void loss(const std::string& input) { (void)finish(start("loss", OpKind::loss, {input})); }

  [[nodiscard]] LayerDraft start(const std::string& name, OpKind op, std::vector<std::string> inputs) const {
    LayerDraft draft;
    draft.name = prefix_ + name;
    draft.op = op;
    draft.at = at_;
    draft.block = block_;
    for (std::string& input : inputs) draft.inputs.push_back({.layer = std::move(input), .at = at_});
    return draft;
  }
  std::string finish(LayerDraft draft) {
    std::string name = draft.name;
    graph_.add(std::move(draft));
    return name;
  }

 private:
  GraphBuilder& graph_;
  SourceLocation at_;
  std::string prefix_;
  std::uint32_t block_{};
};

}  // namespace wafersim::workload_detail
