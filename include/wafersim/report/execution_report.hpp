// Pipelined execution beside weight streaming.
#pragma once

#include <string>

#include "wafersim/cluster/execution.hpp"

namespace wafersim {

// For a terminal.
[[nodiscard]] std::string write_text(const ExecutionComparison& both);
// All figures, `wafersim.execution/1`.
[[nodiscard]] std::string write_json(const ExecutionComparison& both);

}  // namespace wafersim
