// How bytes and cycles become time. Every conversion is exact in 128 bits and rounded once, as its name says.
#pragma once

#include "wafersim/base/quantity.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

inline constexpr std::uint64_t kPicosecondsPerSecond = 1'000'000'000'000;

// A rate that costs no time at all; used to ask "what if this station were infinitely fast?".
inline constexpr BytesPerSecond kUnlimited = BytesPerSecond::max();

// Time for `amount` to pass a pipe of this rate, rounded up to a picosecond; the rate must not be zero.
[[nodiscard]] constexpr Picoseconds transfer_time(Bytes amount, BytesPerSecond rate) {
  if (rate == kUnlimited) return Picoseconds{};
  return Picoseconds{multiply_divide_up(amount.count(), kPicosecondsPerSecond, rate.count())};
}

// Time that `cycles` of a clock take, rounded up to a picosecond.
[[nodiscard]] constexpr Picoseconds time_of(Cycles cycles, Hertz clock) {
  return Picoseconds{multiply_divide_up(cycles.count(), kPicosecondsPerSecond, clock.count())};
}

// Cycles that have begun within `time`: rounded up, so that time_of(cycles_in(t)) >= t.
[[nodiscard]] constexpr Cycles cycles_in(Picoseconds time, Hertz clock) {
  return Cycles{multiply_divide_up(time.count(), clock.count(), kPicosecondsPerSecond)};
}

}  // namespace wafersim
