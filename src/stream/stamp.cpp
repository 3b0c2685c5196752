// Builds and reads back the chains of episodes.
#include "wafersim/stream/stamp.hpp"

#include <algorithm>

namespace wafersim {

Stamp Trail::after(const Stamp& stamp, Picoseconds duration, Part part) {
  const Picoseconds at = stamp.at + duration;
  if (mode_ == Mode::ignore || duration == Picoseconds{}) return {.at = at, .why = stamp.why};
  // Neighbouring episodes of one part are one episode.
  const Episode* before = stamp.why;
  if (before != nullptr && before->part == part) before = before->before;
  episodes_.push_back({.part = part, .until = at, .before = before});
  return {.at = at, .why = &episodes_.back()};
}

std::array<std::uint64_t, kParts> explain(Picoseconds from, const Stamp& to) {
  std::array<std::uint64_t, kParts> spent{};
  Picoseconds end = to.at;
  for (const Episode* episode = to.why; episode != nullptr && end > from; episode = episode->before) {
    const Picoseconds begin = episode->before != nullptr ? episode->before->until : Picoseconds{};
    const Picoseconds until = std::min(end, episode->until);
    const Picoseconds since = std::max(begin, from);
    if (until > since) spent[index_of(episode->part)] += (until - since).count();
    end = std::min(end, since);
  }
  if (end > from) spent[index_of(Part::fill)] += (end - from).count();
  return spent;
}

}  // namespace wafersim
