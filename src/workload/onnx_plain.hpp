// From the ONNX library's own structs to ours.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "workload/onnx_model.hpp"

namespace onnx {
class GraphProto;
}

namespace wafersim::workload_detail {

// The largest dimension that is looked at.
constexpr std::int64_t kLargestDim = 1'000'000'000'000;

// Inputs of a graph and those of their first two axes that had names for sizes.
using SymbolicAxes = std::set<std::pair<std::string, int>>;

// Of a graph whose shapes were inferred as far as they can be. Values whose shape is not known have none.
[[nodiscard]] OnnxModel to_plain(const onnx::GraphProto& graph, const SymbolicAxes& symbolic);

}  // namespace wafersim::workload_detail
