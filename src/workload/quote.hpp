// How an error message repeats what a file says: in quotes, on one line, not too long.
#pragma once

#include <string>
#include <string_view>

namespace wafersim::workload_detail {

// At most some sixty bytes, with a blank for each control character.
[[nodiscard]] std::string in_quotes(std::string_view text);

[[nodiscard]] bool has_control_character(std::string_view text);

}  // namespace wafersim::workload_detail
