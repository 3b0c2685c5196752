// The operators of the ONNX library, made safe for files that nobody has checked.
#pragma once

namespace onnx {
class ISchemaRegistry;
}

namespace wafersim::workload_detail {

// Those of the library, for use with its shape inference. Where that would read dimensions or a type that an
// input does not have, or make a shape of more than 64 dimensions, it is not asked: the shape stays unknown.
[[nodiscard]] const onnx::ISchemaRegistry& guarded_schemas();

}  // namespace wafersim::workload_detail
