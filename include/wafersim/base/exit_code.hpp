// What a process says when it ends, and with which code.
#pragma once

#include <exception>
#include <string>

namespace wafersim {

struct ExitCode {
  enum : int { done = 0, check_failed = 1, wrong_input = 2, does_not_fit = 3, fault = 4 };
};

struct Ending {
  int code{};
  std::string message;
  // The same inputs end the same way on every computer. False where this one ran out of memory.
  bool lasting{true};
};

// The one place where an exception becomes an exit code.
[[nodiscard]] Ending ending_of(const std::exception& error);

}  // namespace wafersim
