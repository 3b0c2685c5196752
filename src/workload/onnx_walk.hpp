// The walk over an ONNX graph, operator by operator.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "wafersim/base/error.hpp"

#include "workload/onnx_import.hpp"
#include "workload/onnx_values.hpp"

namespace wafersim::workload_detail {

class OnnxWalk {
 public:
  OnnxWalk(const OnnxModel& model, std::string file, UnknownOperators unknown);

  [[nodiscard]] ImportedModel run(const std::string& name);

 private:
  using Handler = void (OnnxWalk::*)(const OnnxNode&);
  [[nodiscard]] static const std::map<std::string, Handler>& handlers();
  [[nodiscard]] static const std::map<std::string, std::string>& unary_functions();

  void take_inputs();
  void visit(const OnnxNode& node);
  void finish();
  void check_connected(const Graph& graph) const;

  // What a name stands for; what an output is, by inference.
  [[nodiscard]] const OnnxValue& value(const std::string& name) const;
  [[nodiscard]] const OnnxValue& input(const OnnxNode& node, std::size_t index) const;
  [[nodiscard]] bool has_input(const OnnxNode& node, std::size_t index) const;
  [[nodiscard]] const Dims& dims_of(const OnnxNode& node, std::size_t output = 0) const;
  [[nodiscard]] std::size_t axis_of(const OnnxNode& node, std::int64_t axis, std::size_t rank) const;
  [[noreturn]] void refuse(const OnnxNode& node, const std::string& message) const;

  // Layers in the shape that an operator takes (onnx_arrange.cpp). Numbers of a value for each sample.
  [[nodiscard]] std::uint64_t per_sample(const OnnxNode& node, const Dims& dims) const;
  [[nodiscard]] std::string origin_of(const OnnxNode& node, const OnnxValue& value);
  // The layer of a value of data, of its size; of features and positions as given, in their order.
  [[nodiscard]] std::string settled(const OnnxNode& node, const OnnxValue& value);
  [[nodiscard]] std::string shaped(const OnnxNode& node, const OnnxValue& value, OnnxLayers::Shape shape,
                                   std::optional<Extent> extent);
  [[nodiscard]] std::string as_image(const OnnxNode& node, const OnnxValue& value);
  [[nodiscard]] std::string with_features(const OnnxNode& node, const OnnxValue& value,
                                          std::uint64_t features);
  // The same layer and order with the dimensions of the node's output.
  void alias(const OnnxNode& node, const OnnxValue& from);
  void make(const OnnxNode& node, const std::string& layer, bool channels_first, std::size_t output = 0);
  // What an operator that works number by number makes of `like`.
  void make_like(const OnnxNode& node, const std::string& layer, const OnnxValue& like);

  // Shape operators (onnx_shapes.cpp).
  void reshape(const OnnxNode& node);
  void transpose(const OnnxNode& node);
  void part(const OnnxNode& node);
  void expand(const OnnxNode& node);
  void move(const OnnxNode& node);
  void concat(const OnnxNode& node);
  void pass(const OnnxNode& node);
  void gather(const OnnxNode& node);
  void side(const OnnxNode& node);
  // Products (onnx_products.cpp).
  void convolution(const OnnxNode& node);
  void gemm(const OnnxNode& node);
  void matmul(const OnnxNode& node);
  void scores(const OnnxNode& node, const OnnxValue& queries, const OnnxValue& keys);
  void attention(const OnnxNode& node, const OnnxValue& scores, const OnnxValue& values);
  void recurrent(const OnnxNode& node);
  void linear(const OnnxNode& node, const OnnxValue& x, const OnnxValue& weight, std::uint64_t features,
              const OnnxValue* bias);
  // Number by number (onnx_elementwise.cpp).
  void unary(const OnnxNode& node);
  [[nodiscard]] bool hides_later_keys(const OnnxValue& mask, const Dims& scores) const;
  void binary(const OnnxNode& node);
  void with_constant(const OnnxNode& node, const OnnxValue& x, const OnnxValue& other);
  void many(const OnnxNode& node);
  // Sums over features or positions (onnx_norms.cpp).
  void norm(const OnnxNode& node);
  void pool(const OnnxNode& node);
  void reduce(const OnnxNode& node);
  void lrn(const OnnxNode& node);

  const OnnxModel& model_;
  std::string file_;
  UnknownOperators unknown_;
  std::uint64_t batch_{1};
  OnnxLayers layers_;
  std::map<std::string, OnnxValue> values_;
  std::map<std::string, std::string> entered_;       // inputs of the graph that are layers by now
  std::map<std::string, std::string> matrix_owner_;  // initializer -> the layer that owns it
  Problems problems_;
  std::vector<std::string> skipped_;
};

// Finds normalisations and activations that were exported as their parts, and names them as operators.
[[nodiscard]] OnnxModel fuse_parts(OnnxModel model);

}  // namespace wafersim::workload_detail
