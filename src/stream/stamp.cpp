// Builds and reads back the chains of episodes.
#include "wafersim/stream/stamp.hpp"

#include <algorithm>
#include <numeric>

namespace wafersim {

Stamp Trail::after(const Stamp& stamp, Picoseconds duration, Part part, bool updating) {
  const Picoseconds at = stamp.at + duration;
  if (mode_ != Mode::record || duration == Picoseconds{}) return {.at = at, .why = stamp.why};
  // Neighbouring episodes of one kind are one episode.
  const Episode* before = stamp.why;
  if (before != nullptr && before->part == part && before->updating == updating) before = before->before;
  episodes_.push_back({.part = part, .updating = updating, .until = at, .before = before});
  return {.at = at, .why = &episodes_.back()};
}

std::uint64_t Waits::sum() const {
  return std::accumulate(by_part.begin(), by_part.end(), std::uint64_t{0});
}

Waits& Waits::operator+=(const Waits& other) {
  for (std::size_t i = 0; i < kParts; ++i) by_part[i] += other.by_part[i];
  for_updates += other.for_updates;
  return *this;
}

Waits explain(Picoseconds from, const Stamp& to) {
  Waits waits;
  Picoseconds end = to.at;
  for (const Episode* episode = to.why; episode != nullptr && end > from; episode = episode->before) {
    const Picoseconds begin = episode->before != nullptr ? episode->before->until : Picoseconds{};
    const Picoseconds until = std::min(end, episode->until);
    const Picoseconds since = std::max(begin, from);
    if (until > since) {
      const std::uint64_t span = (until - since).count();
      waits.by_part[index_of(episode->part)] += span;
      if (episode->updating) waits.for_updates += span;
    }
    end = std::min(end, since);
  }
  if (end > from) waits.by_part[index_of(Part::fill)] += (end - from).count();
  return waits;
}

}  // namespace wafersim
