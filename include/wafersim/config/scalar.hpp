// The kinds of values that a field of a file can hold: how each is read, spelled and described.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "wafersim/base/parse.hpp"

namespace wafersim {

enum class ScalarKind { count, truth, text, size, rate, frequency, duration, grid, fraction, choice };

// An enumerator and the word for it. An enum becomes a scalar when a function beside it,
// `std::span<const Choice<E>> choices(E)`, gives all of them.
template <class E>
struct Choice {
  std::string_view name;
  E value;
};

// How a T is read and spelled: kKind, expected() ("a size such as '48 KiB'"), parse(text) and spell(value).
template <class T>
struct ScalarFormat;

template <>
struct ScalarFormat<std::uint64_t> {
  static constexpr ScalarKind kKind = ScalarKind::count;
  static std::string expected() { return "a whole number"; }
  static Parsed<std::uint64_t> parse(std::string_view text) { return parse_count(text); }
  static std::string spell(std::uint64_t value) { return std::to_string(value); }
};

template <>
struct ScalarFormat<bool> {
  static constexpr ScalarKind kKind = ScalarKind::truth;
  static std::string expected() { return "true or false"; }
  static Parsed<bool> parse(std::string_view text);
  static std::string spell(bool value) { return value ? "true" : "false"; }
};

template <>
struct ScalarFormat<std::string> {
  static constexpr ScalarKind kKind = ScalarKind::text;
  static std::string expected() { return "a text"; }
  static Parsed<std::string> parse(std::string_view text) {
    return {.value = std::string{text}, .problem = {}};
  }
  static std::string spell(const std::string& value) { return value; }
};

template <>
struct ScalarFormat<Bytes> {
  static constexpr ScalarKind kKind = ScalarKind::size;
  static std::string expected() { return "a size such as '48 KiB'"; }
  static Parsed<Bytes> parse(std::string_view text) { return parse_bytes(text); }
  static std::string spell(Bytes value) { return wafersim::spell(value); }
};

template <>
struct ScalarFormat<BytesPerSecond> {
  static constexpr ScalarKind kKind = ScalarKind::rate;
  static std::string expected() { return "a rate such as '100 Gb/s'"; }
  static Parsed<BytesPerSecond> parse(std::string_view text) { return parse_rate(text); }
  static std::string spell(BytesPerSecond value) { return wafersim::spell(value); }
};

template <>
struct ScalarFormat<Hertz> {
  static constexpr ScalarKind kKind = ScalarKind::frequency;
  static std::string expected() { return "a frequency such as '1.1 GHz'"; }
  static Parsed<Hertz> parse(std::string_view text) { return parse_frequency(text); }
  static std::string spell(Hertz value) { return wafersim::spell(value); }
};

template <>
struct ScalarFormat<Picoseconds> {
  static constexpr ScalarKind kKind = ScalarKind::duration;
  static std::string expected() { return "a time such as '3 us'"; }
  static Parsed<Picoseconds> parse(std::string_view text) { return parse_duration(text); }
  static std::string spell(Picoseconds value) { return wafersim::spell(value); }
};

template <>
struct ScalarFormat<GridSize> {
  static constexpr ScalarKind kKind = ScalarKind::grid;
  static std::string expected() { return "a grid such as '854x996' (columns x rows)"; }
  static Parsed<GridSize> parse(std::string_view text) { return parse_grid(text); }
  static std::string spell(GridSize value) { return wafersim::spell(value); }
};

template <>
struct ScalarFormat<Fraction> {
  static constexpr ScalarKind kKind = ScalarKind::fraction;
  static std::string expected() { return "a share such as '0.9' or '90 %'"; }
  static Parsed<Fraction> parse(std::string_view text) { return parse_fraction(text); }
  static std::string spell(Fraction value) { return wafersim::spell(value); }
};

namespace detail {
// "one of 'a', 'b'", and the same as an error about `text`.
[[nodiscard]] std::string one_of(std::span<const std::string> names);
[[nodiscard]] std::string not_one_of(std::span<const std::string> names, std::string_view text);
}  // namespace detail

template <class E>
requires std::is_enum_v<E>
struct ScalarFormat<E> {
  static constexpr ScalarKind kKind = ScalarKind::choice;
  static std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& choice : choices(E{})) all.emplace_back(choice.name);
    return all;
  }
  static std::string expected() { return detail::one_of(names()); }
  static Parsed<E> parse(std::string_view text) {
    for (const auto& choice : choices(E{})) {
      if (choice.name == text) return {.value = choice.value, .problem = {}};
    }
    return {.value = {}, .problem = detail::not_one_of(names(), text)};
  }
  static std::string spell(E value) {
    for (const auto& choice : choices(E{})) {
      if (choice.value == value) return std::string{choice.name};
    }
    return {};
  }
};

template <class T>
concept Scalar = requires {
  ScalarFormat<T>::kKind;
};
// Bounds make sense: not for words and grids.
template <class T>
concept Ordered = Scalar<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, std::string> &&
                  !std::is_enum_v<T> && std::totally_ordered<T>;

namespace detail {
[[nodiscard]] std::string range_problem(const std::string& value, const std::string& low,
                                        const std::string& high);
}

// "must be between 1 and 12, got 13"; empty if the value is in range.
template <Ordered T>
[[nodiscard]] std::string out_of_range(const T& value, const std::optional<T>& low,
                                       const std::optional<T>& high) {
  if ((!low || value >= *low) && (!high || value <= *high)) return {};
  using Format = ScalarFormat<T>;
  return detail::range_problem(Format::spell(value), low ? Format::spell(*low) : "",
                               high ? Format::spell(*high) : "");
}

}  // namespace wafersim
