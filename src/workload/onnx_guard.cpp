// Each schema with a check before its own shape inference; found by fuzzing (docs/fuzzing.md).
#include "workload/onnx_guard.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <onnx/defs/schema.h>

namespace wafersim::workload_detail {
namespace {

// Dimensions that the inference of an operator takes for granted, of its first inputs.
const std::map<std::string, std::vector<int>>& least_ranks() {
  static const std::map<std::string, std::vector<int>> kLeast{{"ConvTranspose", {2, 2}}};
  return kLeast;
}

bool has_ranks(const onnx::InferenceContext& context, const std::vector<int>& least) {
  for (std::size_t i = 0; i < least.size() && i < context.getNumInputs(); ++i) {
    const onnx::TypeProto* type = context.getInputType(i);
    if (type == nullptr || !type->has_tensor_type() || !type->tensor_type().has_shape()) continue;
    if (type->tensor_type().shape().dim_size() < least[i]) return false;
  }
  return true;
}

void guard_ranks(onnx::OpSchema& schema, const std::vector<int>& least) {
  schema.TypeAndShapeInferenceFunction(
      [infer = schema.GetTypeAndShapeInferenceFunction(), &least](onnx::InferenceContext& context) {
        if (has_ranks(context, least)) infer(context);
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
    const auto least = least_ranks().find(op);
    if (least != least_ranks().end()) guard_ranks(*guarded, least->second);
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
