// The ends of a row: wavelets that come in from outside, and that leave.
#include <algorithm>
#include <utility>

#include "row.hpp"

namespace wafersim::fast {

void Row::build_edges(std::uint32_t y) {
  for (const Port side : {Port::west, Port::east}) {
    const auto here = [&](const EdgeUse& use) { return use.port == EdgePort{y, side}; };
    const MeshPlan& plan = *context_.plan;
    if (std::any_of(plan.inputs.begin(), plan.inputs.end(), here) ||
        std::any_of(plan.outputs.begin(), plan.outputs.end(), here)) {
      EdgeLink& edge = edges_.emplace_back();
      edge.side = side;
      edge.x = side == Port::west ? 0 : width_ - 1;
    }
  }
}

EdgeLink* Row::edge(Port side) {
  const auto found = std::find_if(edges_.begin(), edges_.end(), [&](auto& it) { return it.side == side; });
  return found == edges_.end() ? nullptr : &*found;
}

std::size_t Row::lane_index(Color color) const {
  const std::vector<Color>& colors = context_.plan->colors;
  return static_cast<std::size_t>(std::lower_bound(colors.begin(), colors.end(), color) - colors.begin());
}

// A wavelet that arrived earlier and found its router full is looked at whenever the row has been active.
Cycle Row::next_edge_arrival(Cycle now) const {
  Cycle next = kNever;
  for (const EdgeLink& edge : edges_) next = std::min(next, edge.queue.next_arrival(now).value_or(kNever));
  return next;
}

void Row::decide_edges(Cycle now) {
  for (EdgeLink& edge : edges_) {
    const EdgeWavelet* head = edge.queue.head(now);
    edge.enters = false;
    if (head == nullptr) continue;
    const Lane& lane = *lanes_[lane_index(head->color)];
    edge.enters = lane.is_accepting(edge.side, edge.x) && !lane.router.is_full(edge.x);
  }
}

void Row::enter_from_edges(Cycle now) {
  for (EdgeLink& edge : edges_) {
    if (!edge.enters) continue;
    const EdgeWavelet wavelet = edge.queue.take(now);
    Lane& lane = *lanes_[lane_index(wavelet.color)];
    lane.router.push_one(edge.x, wavelet.value, wavelet.control);
    lane.live = true;
    if (wavelet.control && !lane.switches.empty())
      advance_arrivals(lane, edge.x / kWordBits, Word{1} << (edge.x % kWordBits));
    ++counts_.edge_arrivals;
    note(now, now + 1);
  }
}

void Row::leave_over_edges(const Lane& lane, Cycle now) {
  for (EdgeLink& edge : edges_) {
    if (!lane.covers(edge.x) || !bit(lane.fire, edge.x) || !lane.is_sending(edge.side, edge.x)) continue;
    const bool control = !lane.fire_control.empty() && bit(lane.fire_control, edge.x);
    edge.departed.push_back(
        {Cycles{now}, context_.plan->colors[lane.index], lane.router.head(edge.x), control});
    ++counts_.edge_departures;
  }
}

std::vector<EdgeWavelet> Row::outside(Port side) const {
  for (const EdgeLink& edge : edges_) {
    if (edge.side == side) return edge.queue.list();
  }
  return {};
}

std::vector<Cycles> Row::take_crossings(Port side) {
  EdgeLink* const link = edge(side);
  return link == nullptr ? std::vector<Cycles>{} : link->queue.take_crossings();
}

std::vector<EdgeWavelet> Row::take_departures(Port side) {
  EdgeLink* const link = edge(side);
  return link == nullptr ? std::vector<EdgeWavelet>{} : std::exchange(link->departed, {});
}

}  // namespace wafersim::fast
