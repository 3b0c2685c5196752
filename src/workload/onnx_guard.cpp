// Each schema with a check before its own shape inference; found by fuzzing (docs/fuzzing.md).
#include "workload/onnx_guard.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <onnx/defs/schema.h>

namespace wafersim::workload_detail {
namespace {

// What the inference of an operator takes for granted of its inputs' dimensions.
struct Granted {
  std::vector<int> least{};                                    // how many the first inputs have at least
  std::optional<std::pair<std::size_t, std::size_t>> alike{};  // two inputs that have as many
  std::optional<std::size_t> shape{};  // an input that holds a shape: it makes as many
};

const std::map<std::string, Granted>& granted() {
  static const std::map<std::string, Granted> kGranted{
      {"Conv", {.least = {}, .alike = {{0, 1}}, .shape = {}}},
      {"ConvInteger", {.least = {}, .alike = {{0, 1}}, .shape = {}}},
      {"ConvTranspose", {.least = {2, 2}, .alike = {{0, 1}}, .shape = {}}},
      {"QLinearConv", {.least = {}, .alike = {{0, 3}}, .shape = {}}},
      {"Reshape", {.least = {}, .alike = {}, .shape = 1}},
      {"Expand", {.least = {}, .alike = {}, .shape = 1}},
      {"ConstantOfShape", {.least = {}, .alike = {}, .shape = 0}},
      {"MaxUnpool", {.least = {}, .alike = {}, .shape = 2}}};
  return kGranted;
}

// A file of a few bytes can say that a shape has a billion numbers, and the library would make a tensor of as
// many dimensions.
constexpr int kMostDims = 64;

// The shape of an input; null if it is not known.
const onnx::TensorShapeProto* shape_of(const onnx::InferenceContext& context, std::size_t input) {
  if (input >= context.getNumInputs()) return nullptr;
  const onnx::TypeProto* type = context.getInputType(input);
  if (type == nullptr || !type->has_tensor_type() || !type->tensor_type().has_shape()) return nullptr;
  return &type->tensor_type().shape();
}

bool is_granted(const onnx::InferenceContext& context, const Granted& what) {
  for (std::size_t i = 0; i < what.least.size(); ++i) {
    const onnx::TensorShapeProto* shape = shape_of(context, i);
    if (shape != nullptr && shape->dim_size() < what.least[i]) return false;
  }
  if (what.alike) {
    const onnx::TensorShapeProto* first = shape_of(context, what.alike->first);
    const onnx::TensorShapeProto* second = shape_of(context, what.alike->second);
    if (first != nullptr && second != nullptr && first->dim_size() != second->dim_size()) return false;
  }
  if (!what.shape) return true;
  const onnx::TensorShapeProto* numbers = shape_of(context, *what.shape);
  return numbers == nullptr || numbers->dim_size() != 1 || numbers->dim(0).dim_value() <= kMostDims;
}

void guard_shapes(onnx::OpSchema& schema, const Granted& what) {
  schema.TypeAndShapeInferenceFunction(
      [infer = schema.GetTypeAndShapeInferenceFunction(), &what](onnx::InferenceContext& context) {
        if (is_granted(context, what)) infer(context);
      });
}

// What computes with shapes takes for granted that its first input has a type: Shape of a tensor of which
// nothing could be inferred has none.
bool has_type(const onnx::DataPropagationContext& context) {
  return context.getNumInputs() == 0 || context.getInputType(0) != nullptr;
}

// Concat doubles what it is given twice, and so do those after it.
bool has_few_numbers(onnx::DataPropagationContext& context) {
  for (std::size_t i = 0; i < context.getNumInputs(); ++i) {
    const onnx::TensorShapeProto* numbers = context.getInputData(i);
    if (numbers != nullptr && numbers->dim_size() > kMostDims) return false;
  }
  return true;
}

void guard_numbers(onnx::OpSchema& schema) {
  // Others are not asked for their numbers: the library throws where they should be stored and are not.
  const bool adds_up = schema.Name() == "Concat";
  schema.PartialDataPropagationFunction(
      [propagate = schema.GetDataPropagationFunction(), adds_up](onnx::DataPropagationContext& context) {
        if (has_type(context) && (!adds_up || has_few_numbers(context))) propagate(context);
      });
}

class Guarded final : public onnx::ISchemaRegistry {
 public:
  const onnx::OpSchema* GetSchema(const std::string& op, const int version,
                                  const std::string& domain) const override {
    const onnx::OpSchema* own = onnx::OpSchemaRegistry::Instance()->GetSchema(op, version, domain);
    if (own == nullptr) return nullptr;
    const std::scoped_lock lock{mutex_};
    std::unique_ptr<onnx::OpSchema>& guarded = guarded_[own];
    if (guarded) return guarded.get();
    guarded = std::make_unique<onnx::OpSchema>(*own);
    guard_numbers(*guarded);
    const auto what = granted().find(op);
    if (what != granted().end()) guard_shapes(*guarded, what->second);
    return guarded.get();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<const onnx::OpSchema*, std::unique_ptr<onnx::OpSchema>> guarded_;
};

}  // namespace

const onnx::ISchemaRegistry& guarded_schemas() {
  static const Guarded kSchemas;
  return kSchemas;
}

}  // namespace wafersim::workload_detail
