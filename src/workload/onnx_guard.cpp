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
};

const std::map<std::string, Granted>& granted() {
  static const std::map<std::string, Granted> kGranted{
      {"Conv", {.least = {}, .alike = {{0, 1}}}},
      {"ConvInteger", {.least = {}, .alike = {{0, 1}}}},
      {"ConvTranspose", {.least = {2, 2}, .alike = {{0, 1}}}},
      {"QLinearConv", {.least = {}, .alike = {{0, 3}}}}};
  return kGranted;
}

// Dimensions of an input; nothing if they are not known.
std::optional<int> rank_of(const onnx::InferenceContext& context, std::size_t input) {
  if (input >= context.getNumInputs()) return std::nullopt;
  const onnx::TypeProto* type = context.getInputType(input);
  if (type == nullptr || !type->has_tensor_type() || !type->tensor_type().has_shape()) return std::nullopt;
  return type->tensor_type().shape().dim_size();
}

bool is_granted(const onnx::InferenceContext& context, const Granted& what) {
  for (std::size_t i = 0; i < what.least.size(); ++i) {
    const std::optional<int> rank = rank_of(context, i);
    if (rank && *rank < what.least[i]) return false;
  }
  if (!what.alike) return true;
  const std::optional<int> first = rank_of(context, what.alike->first);
  const std::optional<int> second = rank_of(context, what.alike->second);
  return !first || !second || *first == *second;
}

void guard_ranks(onnx::OpSchema& schema, const Granted& what) {
  schema.TypeAndShapeInferenceFunction(
      [infer = schema.GetTypeAndShapeInferenceFunction(), &what](onnx::InferenceContext& context) {
        if (is_granted(context, what)) infer(context);
      });
}

// What computes with shapes takes for granted that its first input has a type: Shape of a tensor of which
// nothing could be inferred has none.
void guard_type(onnx::OpSchema& schema) {
  schema.PartialDataPropagationFunction(
      [propagate = schema.GetDataPropagationFunction()](onnx::DataPropagationContext& context) {
        if (context.getNumInputs() == 0 || context.getInputType(0) != nullptr) propagate(context);
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
    guard_type(*guarded);
    const auto what = granted().find(op);
    if (what != granted().end()) guard_ranks(*guarded, what->second);
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
