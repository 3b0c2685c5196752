// The first-come-first-served recursions, solved for a whole train at once.
#include "wafersim/stream/station.hpp"

#include <algorithm>

#include "wafersim/base/time.hpp"

namespace wafersim {

// D(k) = max(A(k), D(k-1)) + s. Arrivals are convex in the chunk number, so the last chunk leaves either
// right behind its own arrival or at the end of a train that was served without a gap.
Passage Station::serve_whole_chunks(const Passage& in, const Load& load) const {
  const Stamp start = later(in.head, free_);
  const Picoseconds each = transfer_time(load.each, spec_.rate);
  const Stamp behind_arrival = trail_->after(in.tail, each, spec_.part, spec_.updates);
  const Stamp without_gap =
      trail_->after(start, transfer_time(load.total, spec_.rate), spec_.part, spec_.updates);
  return {.head = trail_->after(start, each, spec_.part, spec_.updates),
          .tail = later(behind_arrival, without_gap)};
}

// D(k) = max(A(k), D(k-1) + s): a chunk leaves no earlier than its last byte arrives.
Passage Station::serve_while_arriving(const Passage& in, const Load& load) const {
  const Stamp behind_previous =
      trail_->after(free_, transfer_time(load.each, spec_.rate), spec_.part, spec_.updates);
  const Stamp head = later(in.head, behind_previous);
  const Stamp without_gap =
      trail_->after(head, transfer_time(load.total - load.each, spec_.rate), spec_.part, spec_.updates);
  return {.head = head, .tail = later(in.tail, without_gap)};
}

Passage Station::serve(const Passage& in, const Load& load) const {
  return spec_.serving == Serving::cut_through ? serve_while_arriving(in, load)
                                               : serve_whole_chunks(in, load);
}

Passage Station::pass(const Passage& in, const Load& load) {
  const Passage out = serve(in, load);
  if (trail_->keeps_times()) {
    const Picoseconds begin = std::max(free_.at, in.head.at);
    spans_.push_back({.op = load.op, .begin = std::min(begin, out.tail.at), .end = out.tail.at});
  }
  free_ = out.tail;
  stats_.bytes += load.total;
  stats_.busy += transfer_time(load.total, spec_.rate);
  return {.head = trail_->after(out.head, spec_.latency, Part::fill),
          .tail = trail_->after(out.tail, spec_.latency, Part::fill)};
}

void Station::hold_until(const Stamp& tail) {
  if (tail.at <= free_.at + spec_.latency) return;
  free_ = {.at = tail.at - spec_.latency, .why = tail.why};
}

}  // namespace wafersim
