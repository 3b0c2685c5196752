// Short ways to write a graph down in a test, one line per layer.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "wafersim/workload/graph_builder.hpp"

namespace wafersim::test {

// Drafts are numbered by their line, so that errors can be told apart.
class Drafts {
 public:
  LayerDraft& add(const std::string& name, OpKind op, const std::vector<std::string>& inputs = {}) {
    LayerDraft draft;
    draft.name = name;
    draft.op = op;
    draft.at = {.file = "graph.yaml", .line = static_cast<std::uint32_t>(drafts_.size() + 1), .column = 5};
    for (const std::string& input : inputs) draft.inputs.push_back({.layer = input, .at = draft.at});
    if (op == OpKind::norm) draft.function = "layernorm";
    if (op == OpKind::elementwise) draft.function = "gelu";
    drafts_.push_back(std::move(draft));
    return drafts_.back();
  }
  void embedding(const std::string& name, std::uint64_t rows, std::uint64_t features) {
    LayerDraft& draft = add(name, OpKind::embedding);
    draft.rows = rows;
    draft.features = features;
  }
  LayerDraft& linear(const std::string& name, const std::string& input, std::uint64_t features) {
    LayerDraft& draft = add(name, OpKind::linear, {input});
    draft.features = features;
    return draft;
  }
  [[nodiscard]] Graph build() const {
    GraphBuilder builder{"test", {.file = "graph.yaml", .line = 0, .column = 0}};
    for (const LayerDraft& draft : drafts_) builder.add(draft);
    return builder.build();
  }
  // What build() says is wrong; empty if nothing is.
  [[nodiscard]] std::string complaint() const {
    try {
      (void)build();
      return {};
    } catch (const InputError& error) {
      return error.what();
    }
  }

 private:
  std::vector<LayerDraft> drafts_;
};

}  // namespace wafersim::test
