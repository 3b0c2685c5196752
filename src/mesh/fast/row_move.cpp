// Makes the decisions of a cycle happen: wavelets leave, arrive, and move switches.
#include <algorithm>
#include <bit>

#include "row.hpp"

namespace wafersim::fast {

void Row::commit(Cycle now, Row* north, Row* south) {
  if (remembers_rests_ && north != nullptr && north->decided_ == now) note_arrival_at_rest(now, *north);
  if (decided_ != now) {
    for (Lane* lane : used_) lane->fires = lane->injects = false;
    for (EdgeLink& edge : edges_) edge.enters = false;
  } else {
    stream(now);
    wake_cores(now);
  }
  const Row* above = north != nullptr && north->decided_ == now ? north : nullptr;
  const Row* below = south != nullptr && south->decided_ == now ? south : nullptr;
  for (Lane* lane : used_) move_lane(lane->index, now, above, below);
  enter_from_edges(now);
  end_cycle(now);
}

// At rest: the cycle before changed nothing and no timer runs, so that only an arrival makes a difference.
void Row::note_arrival_at_rest(Cycle now, const Row& north) {
  const bool at_rest = wheel_used_ == 0 && (last_active_ == kNever || last_active_ + 1 < now);
  if (arrived_ && !(at_rest && rests_.size() < kMostRests)) return;
  const bool arrives = std::any_of(north.used_.begin(), north.used_.end(), [](const Lane* above) {
    const Plane& fire = above->fire_south;
    return above->fires && std::any_of(fire.begin(), fire.end(), [](Word word) { return word != 0; });
  });
  if (!arrives) return;
  if (at_rest) rests_.push_back({.until = now, .since = end_, .first = !arrived_});
  arrived_ = true;
}

void Row::compare_south(const LinkEvent& event) const {
  if (lower_south_ != nullptr) lower_south_->note_below(event);
  if (upper_south_ != nullptr) upper_south_->note_above(event);
}

void Row::compare_sent_south(const Lane& lane, std::uint32_t w, Cycle now) const {
  const LinkComparison& any = *(lower_south_ != nullptr ? lower_south_ : upper_south_);
  compare_south(any.arrival(now, lane.index, w, lane.fire_south[w],
                            lane.fire_control.empty() ? 0 : lane.fire_control[w],
                            &lane.moving[std::size_t{w} * kWordBits]));
}

// Heads that want to go south and find no room, wherever that has changed.
void Row::compare_held_south(Cycle now, const Row& south) {
  for (const Lane* lane : used_) {
    if (!lane->ever_sends(Port::south)) continue;
    const Lane* below = lane_of(&south, lane->index);
    for (std::uint32_t w = 0; w < lane->words; ++w) {
      const Word held = lane->router.any(w) & lane->sending(Port::south, w) & ~room(*below, Port::north, w);
      Word& before = held_south_[lane->index * words_ + w];
      if (held == before) continue;
      before = held;
      compare_south({.cycle = now, .color = lane->index, .word = w, .mask = held, .held = true});
    }
  }
}

void Row::end_cycle(Cycle now) {
  for (Lane* lane : used_) {
    if (lane->input.exists() && lane->input.age()) last_active_ = now;
    if (lane->output.exists() && lane->output.age()) last_active_ = now;
  }
}

void Row::move_lane(std::size_t color, Cycle now, const Row* north, const Row* south) {
  Lane& lane = *lanes_[color];
  const Lane* above = lane_of(north, color);
  const Lane* below = lane_of(south, color);
  const bool from_north = above != nullptr && above->fires && !above->fire_south.empty();
  const bool from_south = below != nullptr && below->fires && !below->fire_north.empty();
  if (!lane.fires && !lane.injects && !from_north && !from_south) return;
  if (lane.fires && !edges_.empty()) leave_over_edges(lane, now);
  // Arrivals come first: they find room that was there at the start of the cycle, and heads stay in their
  // place until all have been read.
  bool moved = false;
  Word east_before = 0;  // departures to the east of the word before
  for (std::uint32_t w = 0; w < lane.words; ++w) {
    const Word fire = lane.fires ? lane.fire[w] : 0;
    const Word east = fire & lane.sending(Port::east, w) & ~east_rim(w);
    const Word west = fire & lane.sending(Port::west, w) & ~west_rim(w);
    const Word west_after =
        lane.fires && w + 1 < lane.words ? lane.fire[w + 1] & lane.sending(Port::west, w + 1) : 0;
    const Word ramp = fire & lane.sending(Port::ramp, w);
    const bool control = !lane.fire_control.empty();
    if (const Word mask = (east << 1U) | (east_before >> (kWordBits - 1)); mask != 0) {
      const Word sent = control && lane.fires ? (lane.fire_control[w] << 1U) |
                                                    (w > 0 ? lane.fire_control[w - 1] >> (kWordBits - 1) : 0)
                                              : 0;
      arrive(lane, w, mask, lane.router.heads(w) - 1, sent);
    }
    if (const Word mask = (west >> 1U) | (west_after << (kWordBits - 1)); mask != 0) {
      const Word next = w + 1 < lane.words ? lane.fire_control.empty() ? 0 : lane.fire_control[w + 1] : 0;
      const Word sent = control ? (lane.fire_control[w] >> 1U) | (next << (kWordBits - 1)) : 0;
      arrive(lane, w, mask, lane.router.heads(w) + 1, sent);
    }
    counts_.link_hops += count_bits(east) + count_bits(west);
    if (from_north && w < above->words && above->fire_south[w] != 0) {
      arrive(lane, w, above->fire_south[w], &above->moving[std::size_t{w} * kWordBits],
             control ? above->fire_control[w] : 0);
      counts_.link_hops += count_bits(above->fire_south[w]);
      if (north->is_compared()) north->compare_sent_south(*above, w, now);
      moved = true;
    }
    if (from_south && w < below->words && below->fire_north[w] != 0) {
      arrive(lane, w, below->fire_north[w], &below->moving[std::size_t{w} * kWordBits],
             control ? below->fire_control[w] : 0);
      counts_.link_hops += count_bits(below->fire_north[w]);
      moved = true;
    }
    if (lane.injects && lane.inject[w] != 0) {
      const Word mask = lane.inject[w];
      FifoRow& queue = lane.output.queue;
      arrive(lane, w, mask, queue.heads(w, mask, result_.data()), queue.control_of_heads(w));
      queue.pop(w, mask);
      counts_.ramp_injections += count_bits(mask);
      moved = true;
    }
    if (ramp != 0) {
      lane.input.push(w, ramp, lane.router.heads(w), control ? lane.fire_control[w] : 0);
      counts_.ramp_deliveries += count_bits(ramp);
    }
    east_before = east;
    moved |= fire != 0;
  }
  if (lane.fires) leave(lane);
  if (moved) note(now, now + 1);
}

// The heads that have been sent leave their queues, and move the switches behind them.
void Row::leave(Lane& lane) {
  for (std::uint32_t w = 0; w < lane.words; ++w) {
    if (lane.fire[w] == 0) continue;
    lane.router.pop(w, lane.fire[w]);
    if (!lane.switches.empty() && !lane.fire_control.empty())
      advance_departures(lane, w, lane.fire[w] & lane.fire_control[w]);
  }
}

void Row::arrive(Lane& lane, std::uint32_t w, Word mask, const std::uint32_t* values, Word control) {
  lane.router.push(w, mask, values, control);
  lane.live = true;
  if (!lane.switches.empty()) advance_arrivals(lane, w, mask & control);
}

// A control wavelet that came in moves the position for arrivals; everything behind it is taken as the next
// position says.
void Row::advance_arrivals(Lane& lane, std::uint32_t w, Word mask) {
  for_each_bit(mask, [&](std::uint32_t i) {
    const std::uint32_t x = w * kWordBits + i;
    Lane::Switch* const at = lane.switch_at(x);
    if (at == nullptr) return;
    const Route& route = context_.plan->routes[at->route];
    std::uint8_t& position = at->accepts;
    if (position + 1U == route.size()) return;
    clear_bit(lane.accepts[index_of(route[position].from)], x);
    set_bit(lane.accepts[index_of(route[++position].from)], x);
  });
}

void Row::advance_departures(Lane& lane, std::uint32_t w, Word mask) {
  for_each_bit(mask, [&](std::uint32_t i) {
    const std::uint32_t x = w * kWordBits + i;
    Lane::Switch* const at = lane.switch_at(x);
    if (at == nullptr) return;
    const Route& route = context_.plan->routes[at->route];
    std::uint8_t& position = at->sends;
    if (position + 1U == route.size()) return;
    ++position;
    for (const Port port : kAllPorts) {
      Plane& plane = lane.sends[index_of(port)];
      if (plane.empty()) continue;
      route[position].to.contains(port) ? set_bit(plane, x) : clear_bit(plane, x);
    }
  });
}

}  // namespace wafersim::fast
