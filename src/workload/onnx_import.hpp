// Turns an ONNX model into a layer graph.
#pragma once

#include <string>

#include "workload/imported_model.hpp"
#include "workload/onnx_model.hpp"

namespace wafersim::workload_detail {

// What happens to an operator that the importer does not know.
enum class UnknownOperators { stop, skip };

// `file` is what errors call the model. Throws InputError that names every operator it does not know, unless
// they are to be skipped; then the result lists them.
[[nodiscard]] ImportedModel import_onnx(const OnnxModel& model, const std::string& file,
                                        const std::string& name, UnknownOperators unknown);

}  // namespace wafersim::workload_detail
