// The words of errors about values.
#include "wafersim/config/scalar.hpp"

#include <fmt/format.h>

#include "wafersim/base/suggest.hpp"

#include "config/text_check.hpp"

namespace wafersim {

Parsed<bool> ScalarFormat<bool>::parse(std::string_view text) {
  if (text == "true") return {.value = true, .problem = {}};
  if (text == "false") return {.value = false, .problem = {}};
  return {.value = {}, .problem = fmt::format("expected true or false, got '{}'", shorten(text))};
}

namespace detail {

std::string one_of(std::span<const std::string> names) {
  std::string text = "one of ";
  for (const std::string& name : names) text += (&name == names.data() ? "'" : ", '") + name + "'";
  return text;
}

std::string not_one_of(std::span<const std::string> names, std::string_view text) {
  std::string message = fmt::format("expected {}, got '{}'", one_of(names), shorten(text));
  if (const auto near = nearest_word(text, names)) message += fmt::format(" (did you mean '{}'?)", *near);
  return message;
}

std::string range_problem(const std::string& value, const std::string& low, const std::string& high) {
  if (high.empty()) return fmt::format("must be at least {}, got {}", low, value);
  if (low.empty()) return fmt::format("must be at most {}, got {}", high, value);
  return fmt::format("must be between {} and {}, got {}", low, high, value);
}

}  // namespace detail
}  // namespace wafersim
