// Tables of how a step scales with the nodes.
#pragma once

#include <string>

#include "wafersim/cluster/scale.hpp"

namespace wafersim {

// For a terminal.
[[nodiscard]] std::string write_text(const ScaleReport& report);
// All figures, `wafersim.scale/1`.
[[nodiscard]] std::string write_json(const ScaleReport& report);

}  // namespace wafersim
