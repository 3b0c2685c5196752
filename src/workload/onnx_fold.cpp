// An interpreter of the few operators that compute with shapes.
#include "workload/onnx_fold.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

namespace wafersim::workload_detail {
namespace {

using Numbers = std::vector<std::int64_t>;

constexpr std::size_t kMost = 64;  // numbers of a shape, or of what is computed on the way to one
constexpr std::int64_t kLargest = 1'000'000'000'000;

std::optional<Numbers> numbers_of(const onnx::TensorProto& tensor) {
  if (tensor.data_type() != onnx::TensorProto::INT64 || tensor.dims_size() > 1) return std::nullopt;
  if (tensor.int64_data_size() > 0 && tensor.int64_data_size() <= static_cast<int>(kMost))
    return Numbers{tensor.int64_data().begin(), tensor.int64_data().end()};
  const std::string& raw = tensor.raw_data();
  if (raw.empty() || raw.size() > kMost * sizeof(std::int64_t)) return std::nullopt;
  Numbers numbers(raw.size() / sizeof(std::int64_t));
  std::memcpy(numbers.data(), raw.data(), numbers.size() * sizeof(std::int64_t));
  return numbers;
}

std::optional<Numbers> shape_of(const onnx::ValueInfoProto& value) {
  if (!value.type().has_tensor_type() || !value.type().tensor_type().has_shape()) return std::nullopt;
  Numbers dims;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    if (!dim.has_dim_value()) return std::nullopt;
    dims.push_back(dim.dim_value());
  }
  return dims;
}

class Folder {
 public:
  explicit Folder(onnx::GraphProto& graph) : graph_{graph} {
    for (const onnx::TensorProto& tensor : graph.initializer()) {
      constants_.insert(tensor.name());
      if (const auto numbers = numbers_of(tensor)) known_[tensor.name()] = *numbers;
    }
    for (const auto* list : {&graph.input(), &graph.value_info(), &graph.output()}) {
      for (const onnx::ValueInfoProto& value : *list) {
        if (const auto dims = shape_of(value)) shapes_[value.name()] = *dims;
      }
    }
  }

  bool run() {
    bool changed = false;
    for (onnx::NodeProto& node : *graph_.mutable_node()) {
      if (node.output_size() == 1) {
        if (const auto numbers = evaluate(node); numbers && numbers->size() <= kMost)
          known_[node.output(0)] = *numbers;
      }
      const std::string& op = node.op_type();
      const bool takes_shape = op == "Reshape" || op == "Expand" || op == "Tile" || op == "Slice" ||
                               op == "Unsqueeze" || op == "Split" || op == "Pad";
      for (int i = 1; takes_shape && i < node.input_size(); ++i) changed |= fix(node, i);
    }
    return changed;
  }

 private:
  // Puts a constant in the place of an input that was computed.
  bool fix(onnx::NodeProto& node, int index) {
    const std::string name = node.input(index);
    const auto numbers = known_.find(name);
    if (name.empty() || constants_.contains(name) || numbers == known_.end()) return false;
    const std::string made = name + "/wafersim_folded";
    if (constants_.insert(made).second) {
      onnx::TensorProto* tensor = graph_.add_initializer();
      tensor->set_name(made);
      tensor->set_data_type(onnx::TensorProto::INT64);
      tensor->add_dims(static_cast<std::int64_t>(numbers->second.size()));
      for (const std::int64_t number : numbers->second) tensor->add_int64_data(number);
    }
    node.set_input(index, made);
    return true;
  }

  [[nodiscard]] const Numbers* input(const onnx::NodeProto& node, int index) const {
    if (index >= node.input_size()) return nullptr;
    const auto known = known_.find(node.input(index));
    return known == known_.end() ? nullptr : &known->second;
  }

  [[nodiscard]] std::optional<Numbers> evaluate(const onnx::NodeProto& node) const {
    const std::string& op = node.op_type();
    if (op == "Shape") return shape(node);
    if (op == "Concat") return concat(node);
    const Numbers* x = input(node, 0);
    if (x == nullptr) return std::nullopt;
    if (op == "Identity" || op == "Unsqueeze" || op == "Squeeze" || op == "Cast") return *x;
    if (op == "Gather") return gather(*x, input(node, 1));
    if (op == "Slice") return slice(*x, node);
    return arithmetic(op, *x, input(node, 1));
  }

  [[nodiscard]] std::optional<Numbers> shape(const onnx::NodeProto& node) const {
    // Since opset 15 a Shape may be that of some axes only.
    if (node.input_size() == 0 || node.attribute_size() > 0) return std::nullopt;
    const auto known = shapes_.find(node.input(0));
    return known == shapes_.end() ? std::nullopt : std::optional{known->second};
  }

  [[nodiscard]] std::optional<Numbers> concat(const onnx::NodeProto& node) const {
    Numbers all;
    for (int i = 0; i < node.input_size(); ++i) {
      const Numbers* part = input(node, i);
      if (part == nullptr || all.size() > kMost) return std::nullopt;
      all.insert(all.end(), part->begin(), part->end());
    }
    return all;
  }

  [[nodiscard]] static std::optional<Numbers> gather(const Numbers& x, const Numbers* indices) {
    if (indices == nullptr) return std::nullopt;
    Numbers picked;
    const auto size = static_cast<std::int64_t>(x.size());
    for (const std::int64_t index : *indices) {
      if (index < -size || index >= size) return std::nullopt;
      picked.push_back(x[static_cast<std::size_t>(index < 0 ? index + size : index)]);
    }
    return picked;
  }

  [[nodiscard]] std::optional<Numbers> slice(const Numbers& x, const onnx::NodeProto& node) const {
    const Numbers* from = input(node, 1);
    const Numbers* to = input(node, 2);
    if (from == nullptr || to == nullptr || from->size() != 1 || to->size() != 1) return std::nullopt;
    if (const Numbers* steps = input(node, 4); steps != nullptr && *steps != Numbers{1}) return std::nullopt;
    const auto size = static_cast<std::int64_t>(x.size());
    const auto place = [&](std::int64_t at) {
      return std::clamp(at < 0 ? at + size : at, std::int64_t{0}, size);
    };
    const std::int64_t begin = place(from->front());
    const std::int64_t end = std::max(begin, place(to->front()));
    return Numbers{x.begin() + begin, x.begin() + end};
  }

  [[nodiscard]] static std::optional<Numbers> arithmetic(const std::string& op, const Numbers& a,
                                                         const Numbers* b) {
    const bool known = op == "Mul" || op == "Add" || op == "Sub" || op == "Div";
    if (!known || b == nullptr || a.empty() || b->empty()) return std::nullopt;
    if (a.size() != b->size() && a.size() != 1 && b->size() != 1) return std::nullopt;
    Numbers result;
    for (std::size_t i = 0; i < std::max(a.size(), b->size()); ++i) {
      const std::int64_t x = a[a.size() == 1 ? 0 : i];
      const std::int64_t y = (*b)[b->size() == 1 ? 0 : i];
      if (x < -kLargest || x > kLargest || y < -kLargest || y > kLargest || (op == "Div" && y == 0))
        return std::nullopt;
      std::int64_t value = 0;
      if (op == "Mul" && __builtin_mul_overflow(x, y, &value)) return std::nullopt;
      if (op == "Add") value = x + y;
      if (op == "Sub") value = x - y;
      if (op == "Div") value = x / y;
      result.push_back(value);
    }
    return result;
  }

  onnx::GraphProto& graph_;
  std::set<std::string> constants_;
  std::map<std::string, Numbers> known_;
  std::map<std::string, Numbers> shapes_;
};

}  // namespace

bool fold_shapes(onnx::GraphProto& graph) {
  return Folder{graph}.run();
}

}  // namespace wafersim::workload_detail
