// Between the text of a key and the value that arithmetic works on.
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "wafersim/base/parse.hpp"

#include "study/expression.hpp"

namespace wafersim::study_detail {
namespace {

using Kind = ExpressionValue::Kind;

constexpr double kLargestWhole = 9007199254740992.0;  // 2^53: above it a double skips whole numbers

bool read_number(const std::string& text, double& number) {
  const Parsed<std::uint64_t> count = parse_count(text);
  if (count.value) {
    number = static_cast<double>(*count.value);
    return true;
  }
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && end == text.data() + text.size();
}

std::uint64_t whole(double number) {
  if (!(number >= 0.0) || number >= 0x1p63)
    throw ExpressionError{0, "a quantity must not be negative, nor 2^63 of its base unit or more"};
  return static_cast<std::uint64_t>(std::llround(number));
}

}  // namespace

ExpressionValue value_of_text(const std::string& text) {
  double number = 0.0;
  if (read_number(text, number)) return {.kind = Kind::number, .number = number, .word = {}};
  if (const auto share = parse_fraction(text); share.value) {
    constexpr double kOne = 1e9;
    return {.kind = Kind::number, .number = static_cast<double>(share.value->billionths) / kOne, .word = {}};
  }
  const auto quantity = [](Kind kind, const auto& parsed) {
    return ExpressionValue{.kind = kind, .number = static_cast<double>(parsed.value->count()), .word = {}};
  };
  if (const auto rate = parse_rate(text); rate.value) return quantity(Kind::rate, rate);
  if (const auto bytes = parse_bytes(text); bytes.value) return quantity(Kind::bytes, bytes);
  if (const auto hertz = parse_frequency(text); hertz.value) return quantity(Kind::frequency, hertz);
  if (const auto time = parse_duration(text); time.value) return quantity(Kind::duration, time);
  return {.kind = Kind::word, .number = 0.0, .word = text};
}

std::string text_of_value(const ExpressionValue& value) {
  switch (value.kind) {
    case Kind::number:
      if (value.number == std::floor(value.number) && std::abs(value.number) < kLargestWhole)
        return fmt::format("{:.0f}", value.number);
      return fmt::format("{:.12g}", value.number);
    case Kind::bytes:
      return spell(Bytes{whole(value.number)});
    case Kind::rate:
      return spell(BytesPerSecond{whole(value.number)});
    case Kind::frequency:
      return spell(Hertz{whole(value.number)});
    case Kind::duration:
      return spell(Picoseconds{whole(value.number)});
    case Kind::word:
      return value.word;
  }
  return {};
}

}  // namespace wafersim::study_detail
