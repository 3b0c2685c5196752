// Reads the `graph:` of a workload file.
#pragma once

#include <string>

#include "wafersim/config/tree.hpp"
#include "wafersim/workload/graph.hpp"

namespace wafersim::workload_detail {

// `list` is the value of `graph:`. Throws InputError with every problem found.
[[nodiscard]] Graph read_graph(const Tree& list, const std::string& name);

}  // namespace wafersim::workload_detail
