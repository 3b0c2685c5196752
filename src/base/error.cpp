// Turns problems into the lines that users read.
#include "wafersim/base/error.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace wafersim {

std::string to_string(const SourceLocation& at) {
  if (at.line == 0) return at.file;
  if (at.column == 0) return fmt::format("{}:{}", at.file, at.line);
  return fmt::format("{}:{}:{}", at.file, at.line, at.column);
}

std::string to_string(const Problem& problem) {
  std::string text = to_string(problem.at);
  for (const std::string& part : {problem.key, problem.message}) {
    if (part.empty()) continue;
    if (!text.empty()) text += ": ";
    text += part;
  }
  return text;
}

namespace {
std::string join(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += to_string(problem);
  }
  return text;
}
}  // namespace

InputError::InputError(std::vector<Problem> problems)
    : std::runtime_error{join(problems)}, problems_{std::move(problems)} {
}

void Problems::add(SourceLocation at, std::string key, std::string message) {
  items_.push_back({.at = std::move(at), .key = std::move(key), .message = std::move(message)});
}

void Problems::throw_if_any() const {
  if (items_.empty()) return;
  std::vector<Problem> ordered = items_;
  std::stable_sort(ordered.begin(), ordered.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.at.file, a.at.line, a.at.column) < std::tie(b.at.file, b.at.line, b.at.column);
  });
  throw InputError{std::move(ordered)};
}

}  // namespace wafersim
