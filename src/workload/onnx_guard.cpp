// Each schema with a check before its own shape inference; found by fuzzing (docs/fuzzing.md).
#include "workload/onnx_guard.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

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

class Guarded final : public onnx::ISchemaRegistry {
 public:
  const onnx::OpSchema* GetSchema(const std::string& op, const int version,
                                  const std::string& domain) const override {
    const onnx::OpSchema* own = onnx::OpSchemaRegistry::Instance()->GetSchema(op, version, domain);
    const auto least = least_ranks().find(op);
    if (own == nullptr || least == least_ranks().end()) return own;
    const std::scoped_lock lock{mutex_};
    std::unique_ptr<onnx::OpSchema>& guarded = guarded_[{op, own->SinceVersion(), domain}];
    if (guarded) return guarded.get();
    guarded = std::make_unique<onnx::OpSchema>(*own);
    guarded->TypeAndShapeInferenceFunction(
        [infer = own->GetTypeAndShapeInferenceFunction(), &ranks = least->second](auto& context) {
          if (has_ranks(context, ranks)) infer(context);
        });
    return guarded.get();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::tuple<std::string, int, std::string>, std::unique_ptr<onnx::OpSchema>> guarded_;
};

}  // namespace

const onnx::ISchemaRegistry& guarded_schemas() {
  static const Guarded kSchemas;
  return kSchemas;
}

}  // namespace wafersim::workload_detail
