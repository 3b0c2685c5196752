// The first-come-first-served recursions, solved for a whole train at once.
#include "wafersim/stream/station.hpp"

#include <algorithm>

#include "wafersim/base/time.hpp"

namespace wafersim {

// D(k) = max(A(k), D(k-1)) + s. Arrivals are convex in the chunk number, so the last chunk leaves either
// right behind its own arrival or at the end of a train that was served without a gap.
Passage Station::serve_whole_chunks(const Passage& in, const Times& times) const {
  const Stamp start = later(in.head, free_);
  const Stamp behind_arrival = trail_->after(in.tail, times.each, spec_.part, spec_.updates);
  const Stamp without_gap = trail_->after(start, times.total, spec_.part, spec_.updates);
  return {.head = trail_->after(start, times.each, spec_.part, spec_.updates),
          .tail = later(behind_arrival, without_gap)};
}

// D(k) = max(A(k), D(k-1) + s): a chunk leaves no earlier than its last byte arrives.
Passage Station::serve_while_arriving(const Passage& in, const Load& load, const Times& times) const {
  const Stamp behind_previous = trail_->after(free_, times.each, spec_.part, spec_.updates);
  const Stamp head = later(in.head, behind_previous);
  const Picoseconds others = transfer_time(load.total - load.each, spec_.rate);
  const Stamp without_gap = trail_->after(head, others, spec_.part, spec_.updates);
  return {.head = head, .tail = later(in.tail, without_gap)};
}

// Divisions of 128 bits are a good part of the work of a train, so there are no more of them than needed.
Station::Times Station::times_of(const Load& load) const {
  const Picoseconds total = transfer_time(load.total, spec_.rate);
  return {.each = load.each == load.total ? total : transfer_time(load.each, spec_.rate), .total = total};
}

Passage Station::serve(const Passage& in, const Load& load) const {
  return serve(in, load, times_of(load));
}

Passage Station::serve(const Passage& in, const Load& load, const Times& times) const {
  return spec_.serving == Serving::cut_through ? serve_while_arriving(in, load, times)
                                               : serve_whole_chunks(in, times);
}

Passage Station::pass(const Passage& in, const Load& load) {
  const Times times = times_of(load);
  const Passage out = serve(in, load, times);
  if (trail_->keeps_times()) {
    const Picoseconds begin = std::max(free_.at, in.head.at);
    spans_.push_back({.op = load.op, .begin = std::min(begin, out.tail.at), .end = out.tail.at});
  }
  free_ = out.tail;
  stats_.bytes += load.total;
  stats_.busy += times.total;
  return {.head = trail_->after(out.head, spec_.latency, Part::fill),
          .tail = trail_->after(out.tail, spec_.latency, Part::fill)};
}

void Station::hold_until(const Stamp& tail) {
  if (tail.at <= free_.at + spec_.latency) return;
  free_ = {.at = tail.at - spec_.latency, .why = tail.why};
}

}  // namespace wafersim
