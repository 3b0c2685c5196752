// Runs commands as processes, some at a time, and keeps what they print; private to this room.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace wafersim::study_detail {

struct Finished {
  std::size_t index{};  // of the command
  int exit_code{};      // 128 + signal if one ended it
  std::string output;
  std::string errors;
};

using Command = std::vector<std::string>;

// Calls `on_finished` as commands end, in any order. Throws InternalFault if no process can be started.
void run_all(const std::vector<Command>& commands, std::size_t at_once,
             const std::function<void(Finished)>& on_finished);

}  // namespace wafersim::study_detail
