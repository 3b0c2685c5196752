// A point on a wafer's time line: a system time plus a number of wafer cycles, exact, so that neither
// rounding to picoseconds nor to clock edges can drift or change an order.
#pragma once

#include <cstdint>

#include "wafersim/base/quantity.hpp"
#include "wafersim/base/time.hpp"
#include "wafersim/stream/stamp.hpp"

namespace wafersim {

struct Instant {
  Stamp anchor;   // when something arrived from outside
  Cycles cycles;  // of the wafer's clock since then

  friend Instant operator+(const Instant& instant, Cycles more) {
    return {.anchor = instant.anchor, .cycles = instant.cycles + more};
  }
};

class WaferClock {
 public:
  explicit WaferClock(Hertz frequency) : frequency_{frequency} {}

  [[nodiscard]] Hertz frequency() const { return frequency_; }

  // Exact comparison: anchor + cycles / frequency.
  [[nodiscard]] bool before(const Instant& a, const Instant& b) const {
    return scaled(a.anchor.at, a.cycles) < scaled(b.anchor.at, b.cycles);
  }
  [[nodiscard]] Instant later(const Instant& a, const Instant& b) const { return before(a, b) ? b : a; }

  // Cycles from `a` to `b`, rounded up; zero if b is not after a.
  [[nodiscard]] Cycles between(const Instant& a, const Instant& b) const {
    const Wide from = scaled(a.anchor.at, a.cycles);
    const Wide to = scaled(b.anchor.at, b.cycles);
    if (to <= from) return Cycles{};
    return Cycles{narrow((to - from + kPicosecondsPerSecond - 1) / kPicosecondsPerSecond)};
  }

  // As seen from outside, rounded up to a picosecond; the cycles since the anchor were spent by `part`.
  [[nodiscard]] Stamp stamp(const Instant& instant, Trail& trail, Part part = Part::compute) const {
    return trail.after(instant.anchor, time_of(instant.cycles, frequency_), part);
  }
  [[nodiscard]] Picoseconds time(const Instant& instant) const {
    return instant.anchor.at + time_of(instant.cycles, frequency_);
  }

 private:
  // In units of 1 ps / frequency.
  [[nodiscard]] Wide scaled(Picoseconds at, Cycles cycles) const {
    return static_cast<Wide>(at.count()) * frequency_.count() +
           static_cast<Wide>(cycles.count()) * kPicosecondsPerSecond;
  }

  Hertz frequency_;
};

}  // namespace wafersim
