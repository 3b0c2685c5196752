// What comparisons of results and of sweeps share; private to this room.
#pragma once

#include <string>
#include <vector>

#include "wafersim/config/machine.hpp"
#include "wafersim/study/difference.hpp"

namespace wafersim::study_detail {

// What is not equal, in the order of `after`, then what is only in `before`.
[[nodiscard]] std::vector<ValueChange> value_changes(const std::vector<Override>& before,
                                                     const std::vector<Override>& after);
// A table of the first of them under a title.
[[nodiscard]] std::string value_table(const std::string& title, const std::vector<ValueChange>& values);

// The part with the largest change.
[[nodiscard]] Part leading_part(const SignedByPart& parts);

}  // namespace wafersim::study_detail
