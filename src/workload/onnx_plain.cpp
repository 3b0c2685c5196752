// Takes out of a protobuf graph what the importer needs, so that nothing behind it knows protobuf.
#include "workload/onnx_plain.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include <onnx/onnx_pb.h>

#include "wafersim/base/wide.hpp"

namespace wafersim::workload_detail {
namespace {

constexpr int kMostConstants = 64;  // numbers of a constant that may describe a shape

bool is_real(int type) {
  using Type = onnx::TensorProto;
  return type == Type::FLOAT || type == Type::FLOAT16 || type == Type::BFLOAT16 || type == Type::DOUBLE;
}

// Nothing unless all dimensions are known and can be counted.
std::optional<OnnxTensor> shape_of(const onnx::ValueInfoProto& value, const SymbolicAxes& symbolic) {
  if (!value.type().has_tensor_type() || !value.type().tensor_type().has_shape()) return std::nullopt;
  OnnxTensor tensor;
  tensor.real = is_real(value.type().tensor_type().elem_type());
  Wide numbers = 1;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    if (!dim.has_dim_value() || dim.dim_value() < 0 || dim.dim_value() > kLargestDim) return std::nullopt;
    numbers *= static_cast<std::uint64_t>(dim.dim_value());
    if (numbers > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
    tensor.dims.push_back(static_cast<std::uint64_t>(dim.dim_value()));
  }
  tensor.symbolic_first = symbolic.contains({value.name(), 0});
  tensor.symbolic_second = symbolic.contains({value.name(), 1});
  return tensor;
}

std::vector<std::int64_t> small_values(const onnx::TensorProto& tensor) {
  if (tensor.data_type() != onnx::TensorProto::INT64) return {};
  if (tensor.int64_data_size() > 0 && tensor.int64_data_size() <= kMostConstants) {
    return {tensor.int64_data().begin(), tensor.int64_data().end()};
  }
  const std::string& raw = tensor.raw_data();
  std::vector<std::int64_t> values(std::min<std::size_t>(raw.size() / sizeof(std::int64_t), kMostConstants));
  if (!values.empty()) std::memcpy(values.data(), raw.data(), values.size() * sizeof(std::int64_t));
  return values;
}

template <class Number>
std::string_view bytes_in(const google::protobuf::RepeatedField<Number>& numbers) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): compared byte by byte
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

// The numbers of a tensor, in whichever of its fields they are stored.
std::string_view stored_bytes(const onnx::TensorProto& tensor) {
  if (!tensor.raw_data().empty()) return tensor.raw_data();
  if (tensor.float_data_size() > 0) return bytes_in(tensor.float_data());
  if (tensor.int32_data_size() > 0) return bytes_in(tensor.int32_data());
  return bytes_in(tensor.double_data());
}

std::optional<bool> is_triangle(const onnx::TensorProto& tensor) {
  const int rank = tensor.dims_size();
  if (rank < 2) return std::nullopt;
  const auto side = static_cast<std::size_t>(tensor.dims(rank - 1));
  if (side < 2 || tensor.dims(rank - 2) != tensor.dims(rank - 1)) return std::nullopt;
  for (int i = 0; i < rank - 2; ++i) {
    if (tensor.dims(i) != 1) return std::nullopt;
  }
  const std::string_view bytes = stored_bytes(tensor);
  const std::size_t each = bytes.size() / (side * side);
  if (each == 0 || each * side * side != bytes.size()) return std::nullopt;
  const auto at = [&](std::size_t row, std::size_t column) {
    return bytes.substr((row * side + column) * each, each);
  };
  const std::string_view above = at(0, 1);
  const std::string_view below = at(1, 0);
  if (above == below) return false;
  for (std::size_t row = 0; row < side; ++row) {
    for (std::size_t column = 0; column < side; ++column) {
      if (at(row, column) != (column > row ? above : below)) return false;
    }
  }
  return true;
}

OnnxNode plain(const onnx::NodeProto& node) {
  OnnxNode out;
  out.name = node.name();
  if (out.name.empty() && node.output_size() > 0) out.name = node.output(0);
  if (out.name.empty()) out.name = node.op_type();
  const bool standard = node.domain().empty() || node.domain() == "ai.onnx";
  out.op = standard ? node.op_type() : node.domain() + "." + node.op_type();
  out.inputs.assign(node.input().begin(), node.input().end());
  out.outputs.assign(node.output().begin(), node.output().end());
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.type() == onnx::AttributeProto::INT) out.ints[attribute.name()] = {attribute.i()};
    if (attribute.ints_size() > 0)
      out.ints[attribute.name()] = {attribute.ints().begin(), attribute.ints().end()};
    if (attribute.has_s()) out.texts[attribute.name()] = attribute.s();
  }
  return out;
}

}  // namespace

std::int64_t OnnxNode::number(const std::string& attribute, std::int64_t otherwise) const {
  const auto known = ints.find(attribute);
  return known == ints.end() || known->second.empty() ? otherwise : known->second.front();
}

OnnxModel to_plain(const onnx::GraphProto& graph, const SymbolicAxes& symbolic) {
  OnnxModel out;
  const auto add_shape = [&](const onnx::ValueInfoProto& value) {
    if (std::optional<OnnxTensor> shape = shape_of(value, symbolic))
      out.shapes[value.name()] = std::move(*shape);
  };
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    OnnxTensor weight{.dims = {},
                      .real = is_real(tensor.data_type()),
                      .values = small_values(tensor),
                      .triangle = is_triangle(tensor)};
    for (const std::int64_t dim : tensor.dims()) weight.dims.push_back(static_cast<std::uint64_t>(dim));
    out.weights[tensor.name()] = std::move(weight);
  }
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (out.weights.contains(input.name())) continue;
    out.inputs.push_back(input.name());
    add_shape(input);
  }
  for (const onnx::ValueInfoProto& value : graph.value_info()) add_shape(value);
  for (const onnx::ValueInfoProto& output : graph.output()) {
    out.outputs.push_back(output.name());
    add_shape(output);
  }
  for (const onnx::NodeProto& node : graph.node()) out.nodes.push_back(plain(node));
  return out;
}

}  // namespace wafersim::workload_detail
