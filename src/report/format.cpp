// Digits, prefixes and line breaks.
#include "wafersim/report/format.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace wafersim {
namespace {

constexpr std::array<std::string_view, 16> kPrefixes{"f", "p", "n", "u", "m", "",  "k", "M",
                                                     "G", "T", "P", "E", "Z", "Y", "R", "Q"};
constexpr std::size_t kNoPrefix = 5;
constexpr std::size_t kLongestSymbol = 6;  // of "FLOP/s"

// Three significant digits of a value in [1, 1000).
std::string three_digits(double value) {
  if (value >= 99.95) return fmt::format("{:.0f}", value);
  return value >= 9.995 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

// The first byte of the character at column `column`.
std::size_t byte_at(std::string_view text, std::size_t column) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at) {
    if (starts_character(text[at]) && seen++ == column) break;
  }
  return at;
}

}  // namespace

std::string grouped(Wide value) {
  std::string text = to_decimal(value);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string si(double value, std::string_view unit) {
  std::size_t prefix = kNoPrefix;
  double scaled = value;
  while (scaled >= 999.5 && prefix + 1 < kPrefixes.size()) {
    scaled /= 1000.0;
    ++prefix;
  }
  while (scaled > 0 && scaled < 0.9995 && prefix > 0) {
    scaled *= 1000.0;
    --prefix;
  }
  const bool whole = prefix == kNoPrefix && scaled == std::floor(scaled);
  const std::string text = whole ? fmt::format("{:.0f}", scaled) : three_digits(scaled);
  // A word is no unit symbol: "45.3 k tokens/s".
  const std::string_view gap = unit.size() > kLongestSymbol && !kPrefixes[prefix].empty() ? " " : "";
  const std::string suffix = fmt::format("{}{}{}", kPrefixes[prefix], gap, unit);
  return suffix.empty() ? text : text + ' ' + suffix;
}

std::string si(Wide value, std::string_view unit) {
  return si(static_cast<double>(value), unit);
}

std::string si(std::uint64_t value, std::string_view unit) {
  return si(static_cast<double>(value), unit);
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100.0 * share);
}

std::string duration(Picoseconds time) {
  constexpr double kHour = 3600.0;
  constexpr double kDay = 24 * kHour;
  const double seconds = static_cast<double>(time.count()) * 1e-12;
  // Prefixes are for fractions of a second; nobody counts hours in kiloseconds.
  if (seconds >= 2 * kDay) return fmt::format("{} days", three_digits(seconds / kDay));
  if (seconds >= kHour) return fmt::format("{} h", three_digits(seconds / kHour));
  if (seconds >= 1000) return fmt::format("{} min", three_digits(seconds / 60));
  return si(seconds, "s");
}

double share_of(Cycles part, Cycles whole) {
  return whole == Cycles{} ? 0.0 : static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text) width += static_cast<std::size_t>(starts_character(c));
  return width;
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (column > indent && column + 1 + width_of(word) > width) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (at > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width_of(word);
    at = end + 1;
  }
  return out;
}

std::string clipped(std::string_view text, std::size_t width) {
  const std::size_t all = width_of(text);
  if (all <= width || width < 3) return std::string{text};
  const std::size_t head = (width - 2) / 2;
  const std::size_t tail = width - 2 - head;
  return fmt::format("{}..{}", text.substr(0, byte_at(text, head)), text.substr(byte_at(text, all - tail)));
}

}  // namespace wafersim
