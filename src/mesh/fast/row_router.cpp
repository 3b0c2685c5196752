// The routers of a row: how they are built, and who may move in a cycle.
#include <algorithm>

#include "row.hpp"

namespace wafersim::fast {
namespace {

constexpr std::size_t kStateBudget = 250;  // bytes a PE, of the 256 that are promised

void hold_back(Lane& lane, std::uint32_t w, Word mask) {
  lane.fire[w] &= ~mask;
  lane.asks &= ~mask;
}

}  // namespace

Row::Row(const RowContext& context, std::uint32_t y)
    : context_{context},
      width_{static_cast<std::uint32_t>(context.plan->grid.columns)},
      words_{context.words} {
  build_lanes(y);
  build_edges(y);
  build_cores(y);
  build_ramps(y);
}

void Row::build_lanes(std::uint32_t y) {
  const MeshPlan& plan = *context_.plan;
  lanes_.resize(plan.colors.size());
  for (std::size_t color = 0; color < plan.colors.size(); ++color) {
    const auto first = plan.route_maps[color].begin() + static_cast<std::ptrdiff_t>(plan.index_of({0, y}));
    if (std::all_of(first, first + width_, [](std::uint16_t route) { return route == 0; })) continue;
    lanes_[color] = std::make_unique<Lane>();
    used_.push_back(lanes_[color].get());
    build_lane(*lanes_[color], color, y);
  }
  if (used_.size() > 1) injector_turn_.assign(width_, 0);
  find_rivals(y);
}

void Row::find_rivals(std::uint32_t y) {
  const MeshPlan& plan = *context_.plan;
  using Links = std::array<Plane, kPorts>;  // that some position of a PE's route goes out over
  std::vector<Links> links(used_.size());
  for (std::size_t i = 0; i < used_.size(); ++i) {
    for (Plane& plane : links[i]) plane.assign(used_[i]->words, 0);
    for (std::uint32_t x = 0; x < std::min(width_, used_[i]->words * kWordBits); ++x) {
      for (const RoutePosition& position :
           plan.routes[plan.route_maps[used_[i]->index][plan.index_of({x, y})]]) {
        for (const Port port : kAllPorts) {
          if (position.to.contains(port)) set_bit(links[i][index_of(port)], x);
        }
      }
    }
  }
  for (std::size_t a = 0; a < used_.size(); ++a) {
    for (std::size_t b = a + 1; b < used_.size(); ++b) {
      Rivals pair;
      pair.first = used_[a];
      pair.second = used_[b];
      for (std::uint32_t w = 0; w < std::min(used_[a]->words, used_[b]->words); ++w) {
        const bool meet = std::any_of(kAllPorts.begin(), kAllPorts.end(), [&](Port port) {
          return (links[a][index_of(port)][w] & links[b][index_of(port)][w]) != 0;
        });
        if (!meet) continue;
        pair.second_goes_first.resize(w + 1);
      }
      pair.second_goes_first.shrink_to_fit();
      if (!pair.second_goes_first.empty()) rivals_.push_back(std::move(pair));
    }
  }
  rivals_.shrink_to_fit();
}

void Row::build_lane(Lane& lane, std::size_t color, std::uint32_t y) {
  const MeshPlan& plan = *context_.plan;
  const bool control = context_.carries_control[color];
  lane.index = color;
  const auto first = plan.route_maps[color].begin() + static_cast<std::ptrdiff_t>(plan.index_of({0, y}));
  for (std::uint32_t x = 0; x < width_; ++x) {
    if (first[x] != 0) lane.words = x / kWordBits + 1;
  }
  lane.router = FifoRow{lane.words, plan.parameters.router_queue_depth, control, context_.copy};
  lane.fire.assign(lane.words, 0);
  if (control) lane.fire_control.assign(lane.words, 0);
  for (std::uint32_t x = 0; x < width_; ++x) {
    if (first[x] != 0) add_route(lane, x, plan.routes[first[x]]);
  }
  add_switches(lane, color, y);
  const bool to_north = lane.ever_sends(Port::north);
  const bool to_south = lane.ever_sends(Port::south);
  if (to_north) lane.fire_north.assign(lane.words, 0);
  if (to_south) lane.fire_south.assign(lane.words, 0);
  std::uint32_t vertical = 0;  // words up to the last PE that ever sends there
  for (std::uint32_t x = 0; x < width_; ++x) {
    for (const RoutePosition& position : plan.routes[first[x]]) {
      if (position.to.contains(Port::north) || position.to.contains(Port::south))
        vertical = x / kWordBits + 1;
    }
  }
  lane.moving.assign(std::size_t{vertical} * kWordBits, 0);
}

void Row::add_route(Lane& lane, std::uint32_t x, const Route& positions) {
  const auto make = [&](Plane& plane) {
    if (plane.empty()) plane.assign(lane.words, 0);
  };
  for (const RoutePosition& position : positions) {
    make(lane.accepts[index_of(position.from)]);
    for (const Port port : kAllPorts) {
      if (position.to.contains(port)) make(lane.sends[index_of(port)]);
    }
  }
  set_bit(lane.accepts[index_of(positions[0].from)], x);
  for (const Port port : kAllPorts) {
    if (positions[0].to.contains(port)) set_bit(lane.sends[index_of(port)], x);
  }
}

void Row::add_switches(Lane& lane, std::size_t color, std::uint32_t y) {
  const MeshPlan& plan = *context_.plan;
  Plane plane(lane.words);
  for (std::uint32_t x = 0; x < width_; ++x) {
    const std::uint16_t route = plan.route_maps[color][plan.index_of({x, y})];
    if (plan.routes[route].size() < 2) continue;
    set_bit(plane, x);
    lane.switches.push_back({.route = route});
  }
  lane.switches.shrink_to_fit();
  if (!lane.switches.empty()) lane.switched = Members{std::move(plane)};
}

// Queues between routers and cores. In most rows each PE uses few of the row's colors: as many queues as the
// budget of memory allows have places for all PEs, the others only for their users.
void Row::build_ramps(std::uint32_t y) {
  struct Ramp {
    Lane* lane;
    RampRow* queue;
    std::uint32_t depth;
    Plane users;
    std::size_t saves{};  // bytes, with places for users only
  };
  const MeshPlan& plan = *context_.plan;
  const MeshParameters& parameters = plan.parameters;
  std::vector<Ramp> ramps;
  for (Lane* lane : used_) {
    Ramp in{lane, &lane->input, parameters.input_queue_depth + parameters.ramp_cycles, Plane(lane->words)};
    Ramp out{lane, &lane->output, parameters.output_queue_depth + parameters.ramp_cycles, Plane(lane->words)};
    for (std::uint32_t x = 0; x < width_; ++x) {
      for (const RoutePosition& position : plan.routes[plan.route_maps[lane->index][plan.index_of({x, y})]]) {
        if (position.to.contains(Port::ramp)) set_bit(in.users, x);
        if (position.from == Port::ramp) set_bit(out.users, x);
      }
    }
    for (Ramp* ramp : {&in, &out}) {
      if (Members{ramp->users}.empty()) continue;
      ramps.push_back(std::move(*ramp));
    }
  }
  std::size_t bytes = state_bytes();
  for (Ramp& ramp : ramps) {
    const std::size_t places = std::size_t{ramp.lane->words} * kWordBits;
    const std::size_t planes =
        3 * ramp.depth * ramp.lane->words * sizeof(Word);  // levels, control bits and the like
    bytes += 4 * ramp.depth * places + planes;
    ramp.saves = 4 * ramp.depth * (places - Members{ramp.users}.count());
  }
  const std::size_t budget = kStateBudget * std::max(width_, kWordBits);
  std::stable_sort(ramps.begin(), ramps.end(), [](auto& a, auto& b) { return a.saves > b.saves; });
  for (Ramp& ramp : ramps) {
    const bool small = bytes > budget && ramp.saves > 0;
    if (small) bytes -= ramp.saves;
    *ramp.queue = RampRow{ramp.lane->words,       ramp.depth,
                          parameters.ramp_cycles, context_.carries_control[ramp.lane->index],
                          context_.copy,          small ? Members{std::move(ramp.users)} : Members{}};
  }
  for (Lane* lane : used_) {
    if (lane->input.exists()) lane->reading.assign(lane->words, 0);
    if (!lane->output.exists()) continue;
    lane->writing.assign(lane->words, 0);
    lane->inject.assign(lane->words, 0);
  }
}

bool Row::is_linked_to(const Row& south) const {
  for (const Lane* lane : used_) {
    if (lane->ever_sends(Port::south)) return true;
    const auto& below = south.lanes_[lane->index];
    if (below && below->ever_sends(Port::north)) return true;
  }
  return false;
}

const Lane* Row::lane_of(const Row* row, std::size_t color) const {
  return row == nullptr ? nullptr : row->lanes_[color].get();
}

bool Row::needs_visit(Cycle now, const Row* north, const Row* south) const {
  if (((wheel_used_ >> (now % kWheelTurn)) & 1U) != 0) return true;
  if (!edges_.empty() && next_edge_arrival(now) == now) return true;
  const Cycle before = now - 1;
  if (last_active_ == before) return true;
  return (north != nullptr && north->last_active_ == before) ||
         (south != nullptr && south->last_active_ == before);
}

Cycle Row::next_timer(Cycle now) const {
  const Cycle arrival = next_edge_arrival(now);
  if (wheel_used_ == 0) return arrival;
  const auto turned = std::rotr(wheel_used_, static_cast<int>(now % kWheelTurn));
  return std::min(arrival, now + static_cast<Cycle>(std::countr_zero(turned)));
}

void Row::note(Cycle now, Cycle busy_until) {
  last_active_ = now;
  end_ = std::max(end_, busy_until);
}

void Row::decide(Cycle now, const Row* north, const Row* south) {
  decided_ = now;
  std::size_t firing = 0;
  std::size_t injecting = 0;
  for (Lane* lane : used_) {
    lane->fires = lane->injects = false;
    if (!lane->live) continue;
    find_ready(*lane, lane_of(north, lane->index), lane_of(south, lane->index));
    firing += static_cast<std::size_t>(lane->fires);
    injecting += static_cast<std::size_t>(lane->injects);
  }
  if (is_compared()) compare_held_south(now, *south);
  if (firing > 1) settle_contention();
  if (firing > 0) remember_who_fired();
  if (injecting > 1) settle_ramp();
  for (Lane* lane : used_) {
    if (lane->fires) take_heads(*lane);
  }
  decide_edges(now);
}

// Wavelets at the head of a queue for which a chosen output has no room. The outside always has room.
Word Row::blocked_word(const Lane& lane, const Lane* north, const Lane* south, std::uint32_t w) const {
  Word blocked = 0;
  if (const Word out = lane.sending(Port::east, w); out != 0) {
    const Word next = w + 1 < lane.words ? room(lane, Port::west, w + 1) : 0;
    blocked |= out & ~((room(lane, Port::west, w) >> 1U) | (next << (kWordBits - 1)) | east_rim(w));
  }
  if (const Word out = lane.sending(Port::west, w); out != 0) {
    const Word before = w > 0 ? room(lane, Port::east, w - 1) : 0;
    blocked |= out & ~((room(lane, Port::east, w) << 1U) | (before >> (kWordBits - 1)) | west_rim(w));
  }
  if (const Word out = lane.sending(Port::north, w); out != 0) blocked |= out & ~room(*north, Port::south, w);
  if (const Word out = lane.sending(Port::south, w); out != 0) {
    blocked |= out & ~room(*south, Port::north, w);
  }
  if (lane.input.exists()) blocked |= lane.sending(Port::ramp, w) & lane.input.queue.full(w);
  return blocked;
}

void Row::find_ready(Lane& lane, const Lane* north, const Lane* south) {
  bool live = false;
  Word fires = 0;
  Word injects = 0;
  for (std::uint32_t w = 0; w < lane.words; ++w) {
    const Word has = lane.router.any(w);
    lane.fire[w] = has == 0 ? 0 : has & ~blocked_word(lane, north, south, w);
    fires |= lane.fire[w];
    live |= has != 0;
    if (!lane.output.exists()) continue;
    live |= lane.output.queue.any(w) != 0;
    lane.inject[w] = lane.output.ready(w) & room(lane, Port::ramp, w);
    injects |= lane.inject[w];
  }
  lane.live = live;
  lane.fires = fires != 0;
  lane.injects = injects != 0;
}

// Several colors may want one link.
void Row::settle_contention() {
  for (std::uint32_t w = 0; w < words_; ++w) {
    const bool contended = std::any_of(rivals_.begin(), rivals_.end(), [w](const Rivals& pair) {
      if (!pair.first->fires || !pair.second->fires || !pair.meet_in(w)) return false;
      const Word both = pair.first->fire[w] & pair.second->fire[w];
      return both != 0 && (both & pair.share(w)) != 0;
    });
    if (contended) settle_word(w);
  }
}

// Who fired longest ago takes its links first. In each round, a color that meets no rival with an older claim
// takes them, and its rivals stay where they are.
void Row::settle_word(std::uint32_t w) {
  for (Lane* lane : used_) lane->asks = lane->fires && w < lane->words ? lane->fire[w] : 0;
  for (bool contended = true; contended;) {
    contended = false;
    for (Lane* lane : used_) lane->takes = lane->asks;
    for (Rivals& pair : rivals_) {
      const Word meet = pair.first->asks & pair.second->asks;
      if (meet == 0 || !pair.meet_in(w)) continue;
      const Word links = meet & pair.share(w);
      contended |= links != 0;
      pair.first->takes &= ~(links & pair.second_goes_first[w]);
      pair.second->takes &= ~(links & ~pair.second_goes_first[w]);
    }
    if (!contended) return;
    for (Rivals& pair : rivals_) {
      const Word meet = pair.first->asks & pair.second->asks;
      if (meet == 0 || !pair.meet_in(w)) continue;
      const Word links = meet & pair.share(w);
      hold_back(*pair.second, w, links & pair.first->takes);
      hold_back(*pair.first, w, links & pair.second->takes);
    }
    for (Lane* lane : used_) lane->asks &= ~lane->takes;
  }
}

// Who is held back leaves no trace here: so a row that misses a contention goes on like one that had it.
void Row::remember_who_fired() {
  for (Rivals& pair : rivals_) {
    if (!pair.first->fires && !pair.second->fires) continue;
    for (std::uint32_t w = 0; pair.meet_in(w); ++w) {
      const Word first = pair.first->fires ? pair.first->fire[w] : 0;
      const Word second = pair.second->fires ? pair.second->fire[w] : 0;
      pair.second_goes_first[w] = (pair.second_goes_first[w] | first) & ~second;
    }
  }
}

void Row::settle_ramp() {
  for (std::uint32_t w = 0; w < words_; ++w) {
    Word seen = 0;
    Word contended = 0;
    for (const Lane* lane : used_) {
      if (!lane->injects || w >= lane->words) continue;
      contended |= seen & lane->inject[w];
      seen |= lane->inject[w];
    }
    for_each_bit(contended, [&](std::uint32_t i) { settle_injector(w * kWordBits + i); });
  }
}

void Row::settle_injector(std::uint32_t x) {
  const std::size_t colors = lanes_.size();
  bool taken = false;
  const std::size_t turn = injector_turn_[x];
  for (std::size_t i = 0; i < colors; ++i) {
    Lane* lane = lanes_[(turn + i) % colors].get();
    if (lane == nullptr || !lane->injects || !lane->covers(x) || !bit(lane->inject, x)) continue;
    if (taken) {
      clear_bit(lane->inject, x);
    } else {
      injector_turn_[x] = static_cast<std::uint8_t>((lane->index + 1) % colors);
      taken = true;
    }
  }
}

// Keeps what neighbours will need after this row has moved on.
void Row::take_heads(Lane& lane) {
  for (std::uint32_t w = 0; w < lane.words; ++w) {
    const Word fire = lane.fire[w];
    if (!lane.fire_north.empty()) lane.fire_north[w] = fire & lane.sending(Port::north, w);
    if (!lane.fire_south.empty()) lane.fire_south[w] = fire & lane.sending(Port::south, w);
    if (!lane.fire_control.empty()) lane.fire_control[w] = fire & lane.router.control_of_heads(w);
    if (fire != 0 && w * kWordBits < lane.moving.size())
      std::copy_n(lane.router.heads(w), kWordBits, &lane.moving[std::size_t{w} * kWordBits]);
  }
}

}  // namespace wafersim::fast
