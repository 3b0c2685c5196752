// Reads an ONNX model: checks it, binds its symbols and has the ONNX library infer its shapes.
#include "workload/onnx_model.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include "wafersim/base/wide.hpp"
#include "wafersim/workload/graph_builder.hpp"

#include "workload/onnx_fold.hpp"
#include "workload/onnx_guard.hpp"
#include "workload/onnx_plain.hpp"
#include "workload/quote.hpp"

namespace wafersim::workload_detail {
namespace {

[[noreturn]] void refuse(const std::string& file, const std::string& key, const std::string& message) {
  throw InputError{{.at = {.file = file}, .key = key, .message = message}};
}

class Reader {
 public:
  Reader(onnx::ModelProto model, std::string file, const Bindings& bindings)
      : model_{std::move(model)}, file_{std::move(file)}, bindings_{bindings} {}

  OnnxModel read() {
    if (!model_.has_graph() || model_.graph().node_size() == 0) {
      refuse(file_, {}, "is not an ONNX model: it has no graph with operators");
    }
    model_.clear_functions();  // their operators are unknown ones
    take_constants();
    check_sizes();
    check_order();
    bind();
    infer();
    return to_plain(graph(), symbolic_);
  }

 private:
  [[nodiscard]] onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  void check_sizes();
  void check_attribute(const onnx::NodeProto& node, const onnx::AttributeProto& attribute);
  void check_dims(const std::string& name, const google::protobuf::RepeatedField<std::int64_t>& dims);
  void check_order();
  void take_constants();
  void bind();
  void bind_value(onnx::ValueInfoProto& value, std::set<std::string>& unbound);
  void infer();
  bool pass_shapes();

  onnx::ModelProto model_;
  std::string file_;
  const Bindings& bindings_;
  std::set<std::string> initializers_;
  SymbolicAxes symbolic_;
  bool bound_any_{false};
};

// "Constant" operators become initializers, so that there is one kind of weight.
void Reader::take_constants() {
  auto& nodes = *graph().mutable_node();
  int kept = 0;
  for (int i = 0; i < nodes.size(); ++i) {
    const onnx::NodeProto& node = nodes.Get(i);
    const onnx::TensorProto* tensor = nullptr;
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      if (attribute.name() == "value" && attribute.has_t()) tensor = &attribute.t();
    }
    if (node.op_type() == "Constant" && node.output_size() == 1 && tensor != nullptr) {
      onnx::TensorProto* made = graph().add_initializer();
      *made = *tensor;
      made->set_name(node.output(0));
      continue;
    }
    if (kept != i) nodes.SwapElements(kept, i);
    ++kept;
  }
  nodes.DeleteSubrange(kept, nodes.size() - kept);
  for (const onnx::TensorProto& tensor : graph().initializer()) initializers_.insert(tensor.name());
}

void Reader::check_dims(const std::string& name, const google::protobuf::RepeatedField<std::int64_t>& dims) {
  Wide numbers = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0 || dim > kLargestDim) refuse(file_, name, fmt::format("has a dimension of {}", dim));
    numbers *= static_cast<std::uint64_t>(dim);
    if (numbers > std::numeric_limits<std::uint64_t>::max()) {
      refuse(file_, name, "has more numbers than 64 bits can count");
    }
  }
}

// The library trusts its input in places; what it divides or counts by must be sane before it sees it.
void Reader::check_attribute(const onnx::NodeProto& node, const onnx::AttributeProto& attribute) {
  const auto key = [&] { return fmt::format("{}.{}", in_quotes(node.name()), in_quotes(attribute.name())); };
  const auto within = [&](std::int64_t value, std::int64_t low) {
    if (value >= low && value <= kLargestDim) return;
    refuse(file_, key(), fmt::format("must be between {} and {}, got {}", low, kLargestDim, value));
  };
  const std::string& name = attribute.name();
  for (const std::string_view positive : {"strides", "dilations", "kernel_shape"}) {
    if (name != positive) continue;
    for (const std::int64_t value : attribute.ints()) within(value, 1);
  }
  for (const std::string_view positive : {"group", "num_groups", "hidden_size", "blocksize", "num_outputs"}) {
    if (name == positive) within(attribute.i(), 1);
  }
  for (const std::string_view any : {"pads", "output_padding", "output_shape", "split"}) {
    if (name != any) continue;
    for (const std::int64_t value : attribute.ints()) within(value, 0);
  }
  if (attribute.has_g() || attribute.graphs_size() > 0) {
    refuse(file_, key(), "graphs within an operator (If, Loop, Scan) are not supported");
  }
}

void Reader::check_sizes() {
  if (static_cast<std::uint64_t>(graph().node_size()) > kMaxLayers) {
    refuse(file_, {},
           fmt::format("{} operators are more than the {} allowed", graph().node_size(), kMaxLayers));
  }
  for (const onnx::TensorProto& tensor : graph().initializer()) {
    check_dims(in_quotes(tensor.name()), tensor.dims());
  }
  for (const onnx::NodeProto& node : graph().node()) {
    for (const onnx::AttributeProto& attribute : node.attribute()) check_attribute(node, attribute);
  }
}

// ONNX wants operators sorted, so an input that comes later, or never, shows a loop or a loose end.
void Reader::check_order() {
  std::set<std::string> known = initializers_;
  std::set<std::string> later;
  for (const onnx::ValueInfoProto& input : graph().input()) known.insert(input.name());
  for (const onnx::NodeProto& node : graph().node()) later.insert(node.output().begin(), node.output().end());
  Problems problems;
  for (const onnx::NodeProto& node : graph().node()) {
    const std::string label = node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
    for (const std::string& input : node.input()) {
      if (input.empty() || known.contains(input)) continue;
      if (problems.items().size() > 20) break;
      problems.add(
          {.file = file_}, fmt::format("{} {}", in_quotes(node.op_type()), in_quotes(label)),
          later.contains(input)
              ? fmt::format("takes {}, which is made only later: the graph has a cycle, or is not sorted",
                            in_quotes(input))
              : fmt::format("takes {}, which nothing makes", in_quotes(input)));
    }
    known.insert(node.output().begin(), node.output().end());
  }
  for (const onnx::ValueInfoProto& output : graph().output()) {
    if (!known.contains(output.name()))
      problems.add({.file = file_}, "output", fmt::format("nothing makes {}", in_quotes(output.name())));
  }
  if (graph().output_size() == 0) problems.add({.file = file_}, "output", "the graph has no output");
  problems.throw_if_any();
}

void Reader::bind_value(onnx::ValueInfoProto& value, std::set<std::string>& unbound) {
  if (!value.type().has_tensor_type()) return;
  auto& shape = *value.mutable_type()->mutable_tensor_type()->mutable_shape();
  for (int i = 0; i < shape.dim_size(); ++i) {
    auto& dim = *shape.mutable_dim(i);
    if (dim.has_dim_value()) {
      if (dim.dim_value() < 0 || dim.dim_value() > kLargestDim)
        refuse(file_, in_quotes(value.name()), fmt::format("has a dimension of {}", dim.dim_value()));
      continue;
    }
    if (i < 2) symbolic_.insert({value.name(), i});
    const std::string symbol =
        dim.dim_param().empty() ? fmt::format("{}.{}", value.name(), i) : dim.dim_param();
    const auto known = bindings_.find(symbol);
    if (known == bindings_.end()) {
      unbound.insert(symbol);
    } else {
      dim.set_dim_value(static_cast<std::int64_t>(known->second));
      bound_any_ = true;
    }
  }
}

void Reader::bind() {
  std::set<std::string> unbound;
  for (onnx::ValueInfoProto& input : *graph().mutable_input()) {
    if (!initializers_.contains(input.name())) bind_value(input, unbound);
  }
  if (!unbound.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : unbound) names.push_back(in_quotes(name));
    refuse(
        file_, "bind",
        fmt::format("unbound symbolic dimension{} {}; give {} a size, such as --bind {}=1",
                    names.size() == 1 ? "" : "s", fmt::join(names, ", "), names.size() == 1 ? "it" : "each",
                    has_control_character(*unbound.begin()) ? "NAME" : *unbound.begin()));
  }
  // Shapes that the file states may hold symbols; they are inferred again from the bound inputs.
  if (!bound_any_) return;
  graph().clear_value_info();
  for (onnx::ValueInfoProto& output : *graph().mutable_output()) {
    if (output.type().has_tensor_type()) output.mutable_type()->mutable_tensor_type()->clear_shape();
  }
}

// What an operator gives that the library does not know, is taken to have the shape of what it takes first:
// if it is left out, its output is its input. Returns whether any shape became known by that.
bool Reader::pass_shapes() {
  std::map<std::string, onnx::ValueInfoProto*> values;
  for (auto* list : {graph().mutable_input(), graph().mutable_value_info(), graph().mutable_output()}) {
    for (onnx::ValueInfoProto& value : *list) values[value.name()] = &value;
  }
  const auto has_shape = [](const onnx::ValueInfoProto& value) {
    return value.type().has_tensor_type() && value.type().tensor_type().has_shape();
  };
  bool changed = false;
  for (const onnx::NodeProto& node : graph().node()) {
    if (node.input_size() == 0 || node.output_size() == 0) continue;
    constexpr int kAnyVersion = std::numeric_limits<int>::max();
    if (guarded_schemas().GetSchema(node.op_type(), kAnyVersion, node.domain()) != nullptr) continue;
    const auto taken = values.find(node.input(0));
    if (taken == values.end() || !has_shape(*taken->second)) continue;
    onnx::ValueInfoProto*& made = values[node.output(0)];
    if (made != nullptr && has_shape(*made)) continue;
    if (made == nullptr) made = graph().add_value_info();
    made->set_name(node.output(0));
    *made->mutable_type() = taken->second->type();
    changed = true;
  }
  return changed;
}

void Reader::infer() {
  try {
    // Each round may make shapes known that the next one computes with.
    constexpr int kMostRounds = 1000;
    int rounds = 0;
    do {
      onnx::shape_inference::InferShapes(model_, &guarded_schemas(),
                                         onnx::ShapeInferenceOptions{false, 0, true});
    } while ((fold_shapes(graph()) || pass_shapes()) && ++rounds < kMostRounds);
  } catch (const std::exception& error) {
    std::string message = error.what();
    std::replace_if(
        message.begin(), message.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    refuse(file_, {}, fmt::format("the ONNX library cannot infer its shapes: {}", message.substr(0, 300)));
  }
}

// Protobuf reports what it dislikes on standard error, where only our own messages belong.
void silence_protobuf() {
  static const auto kBefore = google::protobuf::SetLogHandler(nullptr);
  (void)kBefore;
}

}  // namespace

OnnxModel parse_onnx(std::string_view bytes, const std::string& file, const Bindings& bindings) {
  silence_protobuf();
  onnx::ModelProto model;
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    refuse(file, {}, "is not an ONNX model, or is cut short: protobuf cannot parse it");
  }
  return Reader{std::move(model), file, bindings}.read();
}

OnnxModel load_onnx(const std::filesystem::path& file, const Bindings& bindings) {
  silence_protobuf();
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) refuse(file.string(), {}, fmt::format("cannot be read: {}", error.message()));
  if (size > static_cast<std::uintmax_t>(std::numeric_limits<std::int32_t>::max())) {
    refuse(file.string(), {},
           fmt::format("has {} bytes; protobuf reads at most 2 GiB. Save the model with external data (the "
                       "weights are not needed here)",
                       size));
  }
  std::ifstream stream{file, std::ios::binary};
  if (!stream) refuse(file.string(), {}, "cannot be opened");
  google::protobuf::io::IstreamInputStream input{&stream};
  onnx::ModelProto model;
  if (!model.ParseFromZeroCopyStream(&input)) {
    refuse(file.string(), {}, "is not an ONNX model, or is cut short: protobuf cannot parse it");
  }
  return Reader{std::move(model), file.string(), bindings}.read();
}

}  // namespace wafersim::workload_detail
