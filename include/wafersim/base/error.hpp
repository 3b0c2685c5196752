// What can go wrong, by who is to blame; `cli` turns each kind into its exit code.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace wafersim {

// A place in a text that the user wrote. Line and column count from 1; 0 means that there is none
// (a command-line option, a file that cannot be opened).
struct SourceLocation {
  std::string file;
  std::uint32_t line{};
  std::uint32_t column{};

  friend bool operator==(const SourceLocation&, const SourceLocation&) = default;
};

// "file:line:column", without the parts that are zero.
[[nodiscard]] std::string to_string(const SourceLocation& at);

// One thing that is wrong with the input: one line that a person can act on.
struct Problem {
  SourceLocation at;
  std::string key;      // dotted path, may be empty
  std::string message;  // what was found, what was expected, what would work

  friend bool operator==(const Problem&, const Problem&) = default;
};

// "file:line:column: key: message".
[[nodiscard]] std::string to_string(const Problem& problem);

// The user's input is wrong (exit code 2). Carries every problem found, not only the first.
class InputError : public std::runtime_error {
 public:
  explicit InputError(std::vector<Problem> problems);
  explicit InputError(Problem problem) : InputError{std::vector{std::move(problem)}} {}
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

// The input is well formed but cannot fit the machine (exit code 3). Says what would fit.
class DoesNotFit : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The program broke one of its own laws (exit code 4): never the user's fault.
class InternalFault : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// Collects problems so that a reader can report all of them at once.
class Problems {
 public:
  void add(SourceLocation at, std::string key, std::string message);
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] const std::vector<Problem>& items() const { return items_; }
  // Throws InputError, ordered by place, if anything was added.
  void throw_if_any() const;

 private:
  std::vector<Problem> items_;
};

}  // namespace wafersim
