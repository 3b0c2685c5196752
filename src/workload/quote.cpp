// Makes any text fit for an error message.
#include "workload/quote.hpp"

#include <algorithm>

namespace wafersim::workload_detail {
namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::size_t length = std::min(text.size(), kLongest);
  // Never cut a character of several bytes in two.
  while (length < text.size() && length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U)
    --length;
  std::string line{text.substr(0, length)};
  std::replace_if(line.begin(), line.end(), is_control, ' ');
  return "'" + line + (length < text.size() ? "...'" : "'");
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

}  // namespace wafersim::workload_detail
