// Reads workloads from texts in a test, and what is wrong with them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wafersim/workload/load.hpp"

namespace wafersim::test {

inline LoadedWorkload load_text(std::string_view text, const std::vector<Override>& overrides = {}) {
  return read_workload(parse_tree(text, "w.yaml"), "w", overrides);
}

// Every problem on a line of its own; empty if the text is right.
inline std::string what_is_wrong(std::string_view text, const std::vector<Override>& overrides = {}) {
  try {
    (void)load_text(text, overrides);
    return {};
  } catch (const InputError& error) {
    return error.what();
  }
}

}  // namespace wafersim::test
