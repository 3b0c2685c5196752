// Decimal numbers as integers, so that a draw is the same everywhere.
#include "study/draw_range.hpp"

#include <algorithm>
#include <charconv>

namespace wafersim::study_detail {
namespace {

constexpr unsigned kMostDecimals = 9;

struct Number {
  std::int64_t digits{};  // without the point
  unsigned decimals{};
  std::string unit;
};

std::optional<Number> parse_number(const std::string& text) {
  Number number;
  const std::size_t end = std::min(text.find_first_not_of("-0123456789."), text.size());
  std::string digits = text.substr(0, end);
  const std::size_t point = digits.find('.');
  if (point != std::string::npos) {
    number.decimals = static_cast<unsigned>(digits.size() - point - 1);
    digits.erase(point, 1);
  }
  const auto [stop, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number.digits);
  if (failure != std::errc{} || stop != digits.data() + digits.size() || number.decimals > kMostDecimals)
    return {};
  number.unit = text.substr(std::min(text.find_first_not_of(' ', end), text.size()));
  return number;
}

// The digits with so many decimals; nothing if they do not fit.
std::optional<std::int64_t> scaled(const Number& number, unsigned decimals) {
  std::int64_t digits = number.digits;
  for (unsigned i = number.decimals; i < decimals; ++i) {
    if (__builtin_mul_overflow(digits, 10, &digits)) return {};
  }
  return digits;
}

}  // namespace

std::optional<DrawRange> parse_range(const std::string& from, const std::string& to) {
  const std::optional<Number> low = parse_number(from);
  const std::optional<Number> high = parse_number(to);
  if (!low || !high || low->unit != high->unit) return {};
  DrawRange range{
      .low = 0, .high = 0, .decimals = std::max(low->decimals, high->decimals), .unit = low->unit};
  const std::optional<std::int64_t> least = scaled(*low, range.decimals);
  const std::optional<std::int64_t> most = scaled(*high, range.decimals);
  std::int64_t width = 0;
  if (!least || !most || *least > *most || __builtin_sub_overflow(*most, *least, &width)) return {};
  if (width == INT64_MAX) return {};
  range.low = *least;
  range.high = *most;
  return range;
}

}  // namespace wafersim::study_detail
