// A point in time that remembers how it came about: the chain of what had to happen before it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "wafersim/base/quantity.hpp"
#include "wafersim/stream/part.hpp"

namespace wafersim {

// One link of the chain: `part` was busy (or its latency ran) from the end of `before` until `until`.
struct Episode {
  Part part{};
  bool updating{};  // it was the optimizer's work on weights
  Picoseconds until;
  const Episode* before{};
};

struct Stamp {
  Picoseconds at;
  const Episode* why{};  // nullptr: since the start, or not recorded
};

// The later of the two; on a tie the second, so callers pass what lies nearer to the wafer last.
[[nodiscard]] constexpr Stamp later(const Stamp& a, const Stamp& b) {
  return a.at > b.at ? a : b;
}

// Keeps the episodes of one simulation. A trail that ignores them costs nothing and explains nothing; one of
// times explains nothing either, but stations and wafers remember when they were at work.
class Trail {
 public:
  enum class Mode { record, times, ignore };
  explicit Trail(Mode mode) : mode_{mode} {}
  [[nodiscard]] bool keeps_times() const { return mode_ != Mode::ignore; }

  // `stamp` moved on by `duration`, spent by `part`, perhaps on an update.
  [[nodiscard]] Stamp after(const Stamp& stamp, Picoseconds duration, Part part, bool updating = false) {
    if (mode_ != Mode::record || duration == Picoseconds{})
      return {.at = stamp.at + duration, .why = stamp.why};
    return recorded(stamp, duration, part, updating);
  }

 private:
  [[nodiscard]] Stamp recorded(const Stamp& stamp, Picoseconds duration, Part part, bool updating);

  Mode mode_;
  std::deque<Episode> episodes_;  // a deque: addresses stay valid while it grows
};

// Picoseconds of waiting, by what was waited for.
struct Waits {
  std::array<std::uint64_t, kParts> by_part{};
  std::uint64_t for_updates{};  // the part of them in which weights were being updated

  [[nodiscard]] std::uint64_t sum() const;
  Waits& operator+=(const Waits& other);
};

// How much of the time in (from, to.at] each part's episodes cover; what no episode covers (before the first)
// is fill. The sum is to.at − from, or zero if `to` is not after `from`.
[[nodiscard]] Waits explain(Picoseconds from, const Stamp& to);

}  // namespace wafersim
