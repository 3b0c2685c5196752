// Refuses bytes that no text file of ours contains, before a parser sees them.
#include "config/text_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "config/tree_parts.hpp"

namespace wafersim {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Bytes of the UTF-8 character at the start of `text`; 0 if it is none (overlong, surrogate, cut short).
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  std::uint32_t code = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    code = code << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kSmallest[length] || code > 0x10FFFF || surrogate ? 0 : length;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
}

// Brackets that wait for their end, quoted or not; what a parser holds in memory for them is a hundred times
// their size.
class BracketCount {
 public:
  void see(char c) {
    if (c == '[' || c == '{') ++open_;
    if ((c == ']' || c == '}') && open_ > 0) --open_;
  }
  [[nodiscard]] bool too_many() const { return open_ > kMostOpenBrackets; }

 private:
  std::size_t open_{0};
};

}  // namespace

std::string checked_text(std::string_view text, const std::string& name) {
  SourceLocation at{.file = name};
  if (text.size() > kLargestFile) {
    throw InputError{
        {.at = at, .key = {}, .message = fmt::format("is larger than {} MiB", kLargestFile >> 20U)}};
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  at.line = at.column = 1;
  std::string clean;
  BracketCount brackets;
  clean.reserve(text.size());
  while (!text.empty()) {
    if (text.starts_with("\r\n")) text.remove_prefix(1);
    const std::size_t length = character_length(text);
    if (length == 0) throw InputError{{.at = at, .key = {}, .message = "not a text file: not UTF-8"}};
    if (is_control(text.front())) {
      throw InputError{{.at = at,
                        .key = {},
                        .message = fmt::format("not a text file: control character 0x{:02X}",
                                               static_cast<unsigned char>(text.front()))}};
    }
    brackets.see(text.front());
    if (brackets.too_many()) {
      throw InputError{
          {.at = at, .key = {}, .message = fmt::format("more than {} open brackets", kMostOpenBrackets)}};
    }
    at.column = text.front() == '\n' ? 1 : at.column + static_cast<std::uint32_t>(length);
    at.line += static_cast<std::uint32_t>(text.front() == '\n');
    clean.append(text.substr(0, length));
    text.remove_prefix(length);
  }
  return clean;
}

std::string one_line(std::string_view text) {
  std::string line{text};
  std::replace_if(
      line.begin(), line.end(), [](char c) { return is_control(c) || c == '\n' || c == '\t'; }, ' ');
  return line;
}

std::string shorten(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::size_t length = std::min(text.size(), kLongest);
  // Never cut a character of several bytes in two.
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  std::string shortened = one_line(text.substr(0, length));
  if (length < text.size()) shortened += "...";
  return shortened;
}

}  // namespace wafersim
