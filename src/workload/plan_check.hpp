// Rules of a training plan that involve more than one key, or the graph.
#pragma once

#include "wafersim/base/error.hpp"
#include "wafersim/config/tree.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim::workload_detail {

// Adds what is wrong to `problems`, at the places where `file` says it.
void check_plan(const Workload& workload, const Tree& file, Problems& problems);

}  // namespace wafersim::workload_detail
