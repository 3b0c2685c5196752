// Reads numbers as people write them: `1.1 GHz`, `48 KiB`, `1.2 Tb/s`, `3 us`, `854x996`. Exact, or an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wafersim/base/quantity.hpp"

namespace wafersim {

// Either a value, or what was expected instead ("expected a size such as '48 KiB', got '48 GHz'").
template <class T>
struct Parsed {
  std::optional<T> value;
  std::string problem;
};

// A whole number: `42`, `1_000_000`, `1e9`, `2.5e3`; decimal, never octal or hexadecimal.
[[nodiscard]] Parsed<std::uint64_t> parse_count(std::string_view text);
// B, kB, KiB … PB, PiB; bits (`b`, `kb` …) where eight of them make whole bytes.
[[nodiscard]] Parsed<Bytes> parse_bytes(std::string_view text);
// The same per second: `190 GB/s`, `1.2 Tb/s`.
[[nodiscard]] Parsed<BytesPerSecond> parse_rate(std::string_view text);
// Hz, kHz, MHz, GHz.
[[nodiscard]] Parsed<Hertz> parse_frequency(std::string_view text);
// ps, ns, us, ms, s.
[[nodiscard]] Parsed<Picoseconds> parse_duration(std::string_view text);
// `854x996`: columns × rows, both at least 1.
struct GridSize {
  std::uint64_t columns{};
  std::uint64_t rows{};
  friend bool operator==(GridSize, GridSize) = default;
};
[[nodiscard]] Parsed<GridSize> parse_grid(std::string_view text);
// A share of one: `0.9`, `90 %`; kept exactly, in billionths.
struct Fraction {
  static constexpr std::uint64_t kOne = 1'000'000'000;
  std::uint64_t billionths{};
  friend auto operator<=>(Fraction, Fraction) = default;
};
[[nodiscard]] Parsed<Fraction> parse_fraction(std::string_view text);

// The shortest spelling that the parser above reads back to the same value.
[[nodiscard]] std::string spell(Bytes value);
[[nodiscard]] std::string spell(BytesPerSecond value);
[[nodiscard]] std::string spell(Hertz value);
[[nodiscard]] std::string spell(Picoseconds value);
[[nodiscard]] std::string spell(GridSize value);
[[nodiscard]] std::string spell(Fraction value);

}  // namespace wafersim
