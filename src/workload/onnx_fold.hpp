// Computes the shapes that a model computes while it runs.
#pragma once

namespace onnx {
class GraphProto;
}

namespace wafersim::workload_detail {

// Exporters compute the target of a Reshape from the shapes of other tensors. Where all of these are known,
// the target becomes a constant, which the ONNX library then infers with. Returns whether it changed
// anything.
bool fold_shapes(onnx::GraphProto& graph);

}  // namespace wafersim::workload_detail
