// The sentence that says what the step waits for.
#pragma once

#include <string>

#include "wafersim/cluster/outcome.hpp"

namespace wafersim {

// From the measured parts and the what-if runs of `outcome`.
[[nodiscard]] std::string bottleneck_sentence(const Outcome& outcome);

}  // namespace wafersim
