// What a name in a formula stands for; private to this room.
#pragma once

#include <string>
#include <vector>

#include "wafersim/study/study.hpp"

namespace wafersim::study_detail {

// The key that a name means: one that points set or hold, else one of the machine or the workload. The last
// parts of a key will do where only one key ends so. Throws InputError at `at`.
[[nodiscard]] std::string key_of_name(const Study& study, const std::string& name, const SourceLocation& at);

// The value of a name at a point; key_of_name has accepted it.
[[nodiscard]] std::string value_of_name(const Study& study, const std::vector<Override>& settings,
                                        const std::string& name);

}  // namespace wafersim::study_detail
