// Exact decimal parsing: a number is digits and a power of ten, a unit is a factor; nothing passes through a
// double.
#include "wafersim/base/parse.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <span>

#include <fmt/format.h>

#include "wafersim/base/wide.hpp"

namespace wafersim {
namespace {

// A unit is worth numerator/denominator of the base unit.
struct Unit {
  std::string_view name;
  std::uint64_t numerator;
  std::uint64_t denominator = 1;
};

constexpr std::uint64_t kKilo = 1'000;
constexpr std::uint64_t kMega = kKilo * kKilo;
constexpr std::uint64_t kGiga = kMega * kKilo;
constexpr std::uint64_t kTera = kGiga * kKilo;
constexpr std::uint64_t kPeta = kTera * kKilo;

constexpr std::array kByteUnits{Unit{"B", 1},
                                Unit{"kB", kKilo},
                                Unit{"MB", kMega},
                                Unit{"GB", kGiga},
                                Unit{"TB", kTera},
                                Unit{"PB", kPeta},
                                Unit{"KiB", 1ULL << 10U},
                                Unit{"MiB", 1ULL << 20U},
                                Unit{"GiB", 1ULL << 30U},
                                Unit{"TiB", 1ULL << 40U},
                                Unit{"PiB", 1ULL << 50U},
                                Unit{"b", 1, 8},
                                Unit{"kb", kKilo, 8},
                                Unit{"Mb", kMega, 8},
                                Unit{"Gb", kGiga, 8},
                                Unit{"Tb", kTera, 8},
                                Unit{"Pb", kPeta, 8}};
constexpr std::array kHertzUnits{Unit{"Hz", 1}, Unit{"kHz", kKilo}, Unit{"MHz", kMega}, Unit{"GHz", kGiga}};
constexpr std::array kTimeUnits{Unit{"ps", 1}, Unit{"ns", kKilo}, Unit{"us", kMega}, Unit{"ms", kGiga},
                                Unit{"s", kTera}};
constexpr std::array kNoUnits{Unit{"", 1}};
constexpr std::array kFractionUnits{Unit{"", Fraction::kOne}, Unit{"%", Fraction::kOne / 100}};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// digits · 10^exponent, and what follows the number.
struct Decimal {
  Wide digits{};
  int exponent{};
  std::string_view rest;
};

// Reads digits, `_` between digits, a decimal point and an exponent; nothing if there is no number or it has
// more digits than any quantity of ours.
std::optional<Decimal> read_decimal(std::string_view text) {
  constexpr Wide kLimit = static_cast<Wide>(1) << 100U;
  Decimal number;
  bool any = false;
  bool point = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (is_digit(c)) {
      number.digits = number.digits * 10 + static_cast<unsigned>(c - '0');
      if (number.digits > kLimit) return std::nullopt;
      number.exponent -= static_cast<int>(point);
      any = true;
    } else if (c == '.' && !point) {
      point = true;
    } else if (!(c == '_' && any && i + 1 < text.size() && is_digit(text[i + 1]))) {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (i + 1 < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    const std::size_t digits_at = i + 1 + static_cast<std::size_t>(text[i + 1] == '+');
    int exponent = 0;
    const auto [stop, failure] =
        std::from_chars(text.data() + digits_at, text.data() + text.size(), exponent);
    if (failure != std::errc{} || exponent > 60 || exponent < -60) return std::nullopt;
    number.exponent += exponent;
    i = static_cast<std::size_t>(stop - text.data());
  }
  number.rest = trim(text.substr(i));
  return number;
}

enum class Failure { none, not_exact, too_large };

struct Scaled {
  std::uint64_t value{};
  Failure failure{Failure::none};
};

// digits · 10^exponent · numerator / denominator, if that is a whole number that 64 bits can hold.
Scaled scale(Decimal number, const Unit& unit) {
  constexpr Wide kMax = ~std::uint64_t{0};
  constexpr Wide kRoom = ~Wide{0} / 10;
  if (number.digits == 0) return {};
  for (; number.exponent < 0 && number.digits % 10 == 0; ++number.exponent) number.digits /= 10;
  Wide divisor = unit.denominator;
  for (; number.exponent < 0; ++number.exponent) {
    if (divisor > kRoom) return {.failure = Failure::not_exact};
    divisor *= 10;
  }
  if (number.digits > ~Wide{0} / unit.numerator) return {.failure = Failure::too_large};
  Wide value = number.digits * unit.numerator;
  for (; number.exponent > 0; --number.exponent) {
    if (value > kRoom) return {.failure = Failure::too_large};
    value *= 10;
  }
  if (value / divisor > kMax) return {.failure = Failure::too_large};
  if (value % divisor != 0) return {.failure = Failure::not_exact};
  return {.value = static_cast<std::uint64_t>(value / divisor)};
}

struct Expectation {
  std::string_view what;   // "a size such as '48 KiB'"
  std::string_view whole;  // "bytes"
};

Parsed<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, std::string_view suffix,
                            const Expectation& expected) {
  const std::string_view trimmed = trim(text);
  const auto wrong = [&](std::string_view why) {
    return Parsed<std::uint64_t>{
        .value = {}, .problem = fmt::format("expected {}, got '{}'{}", expected.what, trimmed, why)};
  };
  if (trimmed.starts_with('-')) return wrong(" (must not be negative)");
  const std::optional<Decimal> number = read_decimal(trimmed);
  if (!number) return wrong("");
  std::string_view unit_name = number->rest;
  if (!suffix.empty()) {
    if (!unit_name.ends_with(suffix)) return wrong(unit_name.empty() ? " (the unit is missing)" : "");
    unit_name = trim(unit_name.substr(0, unit_name.size() - suffix.size()));
  }
  for (const Unit& unit : units) {
    if (unit.name != unit_name) continue;
    const Scaled scaled = scale(*number, unit);
    if (scaled.failure == Failure::too_large) return wrong(" (too large for 64 bits)");
    if (scaled.failure == Failure::not_exact)
      return wrong(fmt::format(" (not a whole number of {})", expected.whole));
    return {.value = scaled.value, .problem = {}};
  }
  return wrong(unit_name.empty() ? " (the unit is missing)" : "");
}

template <class T>
Parsed<T> as(const Parsed<std::uint64_t>& number) {
  if (!number.value) return {.value = {}, .problem = number.problem};
  return {.value = T{*number.value}, .problem = {}};
}

// The largest unit that divides the value, so that the spelling is short and exact.
std::string spell_with(std::uint64_t value, std::span<const Unit> units, std::string_view suffix) {
  const Unit* best = units.data();
  for (const Unit& unit : units) {
    if (unit.denominator == 1 && value != 0 && value % unit.numerator == 0 &&
        unit.numerator > best->numerator)
      best = &unit;
  }
  return fmt::format("{} {}{}", value / best->numerator, best->name, suffix);
}

}  // namespace

Parsed<std::uint64_t> parse_count(std::string_view text) {
  return parse(text, kNoUnits, "", {.what = "a whole number", .whole = "units"});
}
Parsed<Bytes> parse_bytes(std::string_view text) {
  return as<Bytes>(parse(text, kByteUnits, "", {.what = "a size such as '48 KiB'", .whole = "bytes"}));
}
Parsed<BytesPerSecond> parse_rate(std::string_view text) {
  return as<BytesPerSecond>(
      parse(text, kByteUnits, "/s", {.what = "a rate such as '100 Gb/s'", .whole = "bytes per second"}));
}
Parsed<Hertz> parse_frequency(std::string_view text) {
  return as<Hertz>(parse(text, kHertzUnits, "", {.what = "a frequency such as '1.1 GHz'", .whole = "hertz"}));
}
Parsed<Picoseconds> parse_duration(std::string_view text) {
  return as<Picoseconds>(
      parse(text, kTimeUnits, "", {.what = "a time such as '3 us'", .whole = "picoseconds"}));
}
Parsed<Fraction> parse_fraction(std::string_view text) {
  return as<Fraction>(
      parse(text, kFractionUnits, "", {.what = "a share such as '0.9' or '90 %'", .whole = "billionths"}));
}

Parsed<GridSize> parse_grid(std::string_view text) {
  const std::size_t cross = text.find('x');
  if (cross != std::string_view::npos) {
    const Parsed<std::uint64_t> columns = parse_count(text.substr(0, cross));
    const Parsed<std::uint64_t> rows = parse_count(text.substr(cross + 1));
    if (columns.value && rows.value && *columns.value > 0 && *rows.value > 0) {
      return {.value = GridSize{.columns = *columns.value, .rows = *rows.value}, .problem = {}};
    }
  }
  return {.value = {},
          .problem = fmt::format("expected a grid such as '854x996' (columns x rows), got '{}'", trim(text))};
}

std::string spell(Bytes value) {
  return spell_with(value.count(), kByteUnits, "");
}
std::string spell(BytesPerSecond value) {
  return spell_with(value.count(), kByteUnits, "/s");
}
std::string spell(Hertz value) {
  return spell_with(value.count(), kHertzUnits, "");
}
std::string spell(Picoseconds value) {
  return spell_with(value.count(), kTimeUnits, "");
}
std::string spell(GridSize value) {
  return fmt::format("{}x{}", value.columns, value.rows);
}
std::string spell(Fraction value) {
  std::string digits =
      fmt::format("{}.{:09}", value.billionths / Fraction::kOne, value.billionths % Fraction::kOne);
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return digits;
}

}  // namespace wafersim
