// What the names in an ONNX graph stand for while it is walked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/workload/graph_builder.hpp"

#include "workload/onnx_model.hpp"

namespace wafersim::workload_detail {

// A tensor of the graph. Operators that only change its shape make a new value of the same layer.
struct OnnxValue {
  enum class Kind {
    side,    // whole numbers, masks, shapes: no layer of ours
    weight,  // an initializer, perhaps reshaped
    data,    // numbers that layers make
    scores,  // products of queries and keys, on their way to be softmaxed
  };
  Kind kind{Kind::side};
  Dims dims{};
  std::string origin{};              // of data: the layer; of a weight: the initializer
  std::string entering{};            // of data without a layer: the input of the graph
  bool shuffled{false};              // its numbers lie in another order than its layer made them
  std::vector<std::size_t> order{};  // how its axes were exchanged, if nothing else happened to it since
  bool channels_first{false};
  bool softmaxed{false};  // of scores
  bool causal{false};     // of scores: masked as causal attention is
  std::string queries{};  // of scores: the values that were multiplied
  std::string keys{};
};

// Of all dimensions together; a reader has checked that they can be counted.
[[nodiscard]] std::uint64_t numbers_of(const Dims& dims);

// The layers made so far, in the order of the graph, with what a later one needs to know of them.
class OnnxLayers {
 public:
  struct Shape {
    std::uint64_t features{};
    std::uint64_t positions{};
  };

  // `tokens` positions are one for each token of the sequence; 0 if the model has none.
  OnnxLayers(std::string file, std::uint64_t tokens) : file_{std::move(file)}, tokens_{tokens} {}

  // A draft of a layer with a name of its own, made of `wanted`.
  [[nodiscard]] LayerDraft start(const std::string& wanted, OpKind op,
                                 const std::vector<std::string>& inputs);
  std::string add(LayerDraft draft, Shape shape);
  [[nodiscard]] const Shape& shape(const std::string& layer) const { return shapes_.at(layer); }
  // The draft of the layer made last, if that is `layer` and nothing takes its output yet.
  [[nodiscard]] LayerDraft* last_unused(const std::string& layer);
  [[nodiscard]] std::optional<Extent> extent(std::uint64_t positions) const;
  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }
  [[nodiscard]] Graph build(const std::string& name) const;

 private:
  std::string file_;
  std::uint64_t tokens_;
  std::vector<LayerDraft> drafts_;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, int> used_;
};

}  // namespace wafersim::workload_detail
