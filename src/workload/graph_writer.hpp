// Writes a graph as the `graph:` list that reads as the same graph.
#pragma once

#include "wafersim/config/tree.hpp"
#include "wafersim/workload/graph.hpp"

namespace wafersim::workload_detail {

[[nodiscard]] Tree write_graph(const Graph& graph);

// Whether any of its tensors has one position for each token.
[[nodiscard]] bool has_tokens(const Graph& graph);

}  // namespace wafersim::workload_detail
