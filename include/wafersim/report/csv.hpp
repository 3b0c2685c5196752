// Cells of comma-separated values.
#pragma once

#include <string>
#include <string_view>

namespace wafersim {

// In quotes if it has to be (RFC 4180).
[[nodiscard]] inline std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string{text};
  std::string cell{'"'};
  for (const char c : text) cell += c == '"' ? std::string{"\"\""} : std::string{c};
  return cell + '"';
}

}  // namespace wafersim
