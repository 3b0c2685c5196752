// The routers of a row: how they are built, and who may move in a cycle.
#include <algorithm>

#include "row.hpp"

namespace wafersim::fast {
namespace {

// PEs that would take a wavelet of the color from this side in this cycle.
[[nodiscard]] Word room(const Lane& lane, Port side, std::uint32_t w) {
  return lane.accepts[index_of(side)][w] & ~lane.router.full(w);
}

}  // namespace

Row::Row(const RowContext& context, std::uint32_t y)
    : context_{context},
      width_{static_cast<std::uint32_t>(context.plan->grid.columns)},
      words_{context.words} {
  build_lanes(y);
  build_edges(y);
  build_cores(y);
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
  if (used_.size() > 1) {
    router_turn_.assign(width_, 0);
    injector_turn_.assign(width_, 0);
  }
}

void Row::build_lane(Lane& lane, std::size_t color, std::uint32_t y) {
  const MeshPlan& plan = *context_.plan;
  const MeshParameters& parameters = plan.parameters;
  const bool control = context_.carries_control[color];
  lane.index = color;
  lane.router = FifoRow{words_, parameters.router_queue_depth, control, context_.copy};
  lane.fire.assign(words_, 0);
  if (control) lane.fire_control.assign(words_, 0);
  for (Plane& plane : lane.accepts) plane.assign(words_, 0);
  for (Plane& plane : lane.sends) plane.assign(words_, 0);
  lane.moving.assign(std::size_t{words_} * kWordBits + 2, 0);
  bool takes_ramp = false;
  bool gives_ramp = false;
  for (std::uint32_t x = 0; x < width_; ++x) {
    const std::uint16_t route = plan.route_maps[color][plan.index_of({x, y})];
    if (route == 0) continue;
    add_route(lane, x, route);
    for (const RoutePosition& position : plan.routes[route]) {
      takes_ramp |= position.from == Port::ramp;
      gives_ramp |= position.to.contains(Port::ramp);
    }
  }
  if (lane.ever_sends[index_of(Port::north)]) lane.fire_north.assign(words_, 0);
  if (lane.ever_sends[index_of(Port::south)]) lane.fire_south.assign(words_, 0);
  if (gives_ramp) {
    const std::uint32_t depth = parameters.input_queue_depth + parameters.ramp_cycles;
    lane.input = RampRow{words_, depth, parameters.ramp_cycles, control, context_.copy};
    lane.reading.assign(words_, 0);
  }
  if (takes_ramp) {
    const std::uint32_t depth = parameters.output_queue_depth + parameters.ramp_cycles;
    lane.output = RampRow{words_, depth, parameters.ramp_cycles, control, context_.copy};
    lane.writing.assign(words_, 0);
    lane.inject.assign(words_, 0);
  }
}

void Row::add_route(Lane& lane, std::uint32_t x, std::uint16_t route) {
  const Route& positions = context_.plan->routes[route];
  set_bit(lane.accepts[index_of(positions[0].from)], x);
  for (const Port port : kAllPorts) {
    if (positions[0].to.contains(port)) set_bit(lane.sends[index_of(port)], x);
    for (const RoutePosition& position : positions) {
      lane.ever_sends[index_of(port)] |= position.to.contains(port);
    }
  }
  if (positions.size() == 1) return;
  if (lane.route.empty()) {
    lane.route.assign(width_, 0);
    lane.accepts_position.assign(width_, 0);
    lane.sends_position.assign(width_, 0);
  }
  lane.route[x] = route;
}

bool Row::is_linked_to(const Row& south) const {
  for (const Lane* lane : used_) {
    if (lane->ever_sends[index_of(Port::south)]) return true;
    const auto& below = south.lanes_[lane->index];
    if (below && below->ever_sends[index_of(Port::north)]) return true;
  }
  return false;
}

const Lane* Row::lane_of(const Row* row, std::size_t color) const {
  return row == nullptr ? nullptr : row->lanes_[color].get();
}

bool Row::needs_visit(Cycle now, const Row* north, const Row* south) const {
  if (((wheel_used_ >> (now % kWordBits)) & 1U) != 0) return true;
  if (!edges_.empty() && next_edge_arrival(now) == now) return true;
  const Cycle before = now - 1;
  if (last_active_ == before) return true;
  return (north != nullptr && north->last_active_ == before) ||
         (south != nullptr && south->last_active_ == before);
}

Cycle Row::next_timer(Cycle now) const {
  const Cycle arrival = next_edge_arrival(now);
  if (wheel_used_ == 0) return arrival;
  const auto turned = std::rotr(wheel_used_, static_cast<int>(now % kWordBits));
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
  if (firing > 1) settle_contention();
  if (injecting > 1) settle_ramp();
  for (Lane* lane : used_) {
    if (lane->fires) take_heads(*lane);
  }
  decide_edges(now);
}

// Wavelets at the head of a queue for which a chosen output has no room. The outside always has room.
Word Row::blocked_word(const Lane& lane, const Lane* north, const Lane* south, std::uint32_t w) const {
  Word blocked = 0;
  if (const Word out = lane.sends[index_of(Port::east)][w]; out != 0) {
    const Word next = w + 1 < words_ ? room(lane, Port::west, w + 1) : 0;
    blocked |= out & ~((room(lane, Port::west, w) >> 1U) | (next << (kWordBits - 1)) | east_rim(w));
  }
  if (const Word out = lane.sends[index_of(Port::west)][w]; out != 0) {
    const Word before = w > 0 ? room(lane, Port::east, w - 1) : 0;
    blocked |= out & ~((room(lane, Port::east, w) << 1U) | (before >> (kWordBits - 1)) | west_rim(w));
  }
  if (const Word out = lane.sends[index_of(Port::north)][w]; out != 0)
    blocked |= out & ~room(*north, Port::south, w);
  if (const Word out = lane.sends[index_of(Port::south)][w]; out != 0)
    blocked |= out & ~room(*south, Port::north, w);
  if (lane.input.exists()) blocked |= lane.sends[index_of(Port::ramp)][w] & lane.input.queue.full(w);
  return blocked;
}

void Row::find_ready(Lane& lane, const Lane* north, const Lane* south) {
  bool live = false;
  Word fires = 0;
  Word injects = 0;
  for (std::uint32_t w = 0; w < words_; ++w) {
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

// Several colors may want one link: those routers decide one by one.
void Row::settle_contention() {
  for (std::uint32_t w = 0; w < words_; ++w) {
    std::array<Word, kPorts> wanted{};
    Word contended = 0;
    for (const Lane* lane : used_) {
      if (!lane->fires || lane->fire[w] == 0) continue;
      for (std::size_t port = 0; port < kPorts; ++port) {
        const Word wants = lane->fire[w] & lane->sends[port][w];
        contended |= wanted[port] & wants;
        wanted[port] |= wants;
      }
    }
    for_each_bit(contended, [&](std::uint32_t i) { settle_router(w * kWordBits + i); });
  }
}

// Colors take their links in turn; the turn passes to the color after the first one that held another back.
void Row::settle_router(std::uint32_t x) {
  struct Winner {
    std::size_t color{};
    std::uint8_t ports{};
  };
  std::vector<Winner> winners;
  std::size_t first_holder = kNoColor;
  const std::size_t colors = lanes_.size();
  for (std::size_t i = 0; i < colors; ++i) {
    Lane* lane = lanes_[(router_turn_[x] + i) % colors].get();
    if (lane == nullptr || !lane->fires || !bit(lane->fire, x)) continue;
    std::uint8_t ports = 0;
    for (std::size_t port = 0; port < kPorts; ++port) {
      if (bit(lane->sends[port], x)) ports = static_cast<std::uint8_t>(ports | (1U << port));
    }
    const auto holder = std::find_if(winners.begin(), winners.end(),
                                     [&](const Winner& winner) { return (winner.ports & ports) != 0; });
    if (holder == winners.end()) {
      winners.push_back({lane->index, ports});
      continue;
    }
    clear_bit(lane->fire, x);
    first_holder = std::min(first_holder, static_cast<std::size_t>(holder - winners.begin()));
  }
  if (first_holder != kNoColor)
    router_turn_[x] = static_cast<std::uint8_t>((winners[first_holder].color + 1) % colors);
}

void Row::settle_ramp() {
  for (std::uint32_t w = 0; w < words_; ++w) {
    Word seen = 0;
    Word contended = 0;
    for (const Lane* lane : used_) {
      if (!lane->injects) continue;
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
    if (lane == nullptr || !lane->injects || !bit(lane->inject, x)) continue;
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
  for (std::uint32_t w = 0; w < words_; ++w) {
    const Word fire = lane.fire[w];
    if (!lane.fire_north.empty()) lane.fire_north[w] = fire & lane.sends[index_of(Port::north)][w];
    if (!lane.fire_south.empty()) lane.fire_south[w] = fire & lane.sends[index_of(Port::south)][w];
    if (!lane.fire_control.empty()) lane.fire_control[w] = fire & lane.router.control_of_heads(w);
    if (fire != 0) std::copy_n(lane.router.heads(w), kWordBits, lane.moving_at(w));
  }
}

}  // namespace wafersim::fast
