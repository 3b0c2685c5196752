// Colors the links of a ring and draws them.
#include "shift_ring.hpp"

#include <algorithm>

namespace wafersim {

std::vector<std::uint32_t> plain_order(std::uint32_t positions) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < positions; ++i) order.push_back(i);
  return order;
}

std::vector<std::uint32_t> interleaved_order(std::uint32_t positions) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < positions; i += 2) order.push_back(i);
  for (std::uint32_t i = positions / 2; i > 0; --i) order.push_back(2 * i - 1);
  return order;
}

ShiftRing::ShiftRing(std::vector<std::uint32_t> order, std::uint8_t first)
    : order_{std::move(order)}, place_(order_.size()), first_free_{first} {
  std::vector<std::uint32_t> taken(size());  // by position: colors of the links that touch its router
  for (std::uint32_t place = 0; place < size(); ++place) {
    place_[order_[place]] = place;
    const auto [low, high] = std::minmax({from(place), to(place)});
    std::uint32_t used = 0;
    for (std::uint32_t i = low; i <= high; ++i) used |= taken[i];
    std::uint8_t color = 0;
    while (((used >> color) & 1U) != 0) ++color;
    for (std::uint32_t i = low; i <= high; ++i) taken[i] |= 1U << color;
    color = static_cast<std::uint8_t>(color + first);
    color_.push_back(Color{color});
    first_free_ = std::max(first_free_, static_cast<std::uint8_t>(color + 1));
  }
}

std::uint32_t ShiftRing::longest_link() const {
  std::uint32_t longest = 0;
  for (std::uint32_t place = 0; place < size(); ++place) {
    const auto [low, high] = std::minmax({from(place), to(place)});
    longest = std::max(longest, high - low);
  }
  return longest;
}

void ShiftRing::paint(Layout& layout, Axis axis) const {
  for (std::uint32_t line = 0; line < size(); ++line) paint(layout, axis, line);
}

void ShiftRing::paint(Layout& layout, Axis axis, std::uint32_t line) const {
  const auto draw = [&](Color color, std::uint32_t position, const RoutePosition& route) {
    const Rectangle where =
        axis == Axis::row ? Rectangle{.x = position, .y = line} : Rectangle{.x = line, .y = position};
    layout.route(color, where, {route});
  };
  for (std::uint32_t place = 0; place < size(); ++place) {
    const std::uint32_t a = from(place);
    const std::uint32_t b = to(place);
    const Port up = axis == Axis::row ? Port::east : Port::south;
    const Port ahead = a < b ? up : opposite(up);
    draw(color_[place], a, {Port::ramp, ahead});
    for (std::uint32_t i = std::min(a, b) + 1; i < std::max(a, b); ++i)
      draw(color_[place], i, {opposite(ahead), ahead});
    draw(color_[place], b, {opposite(ahead), Port::ramp});
  }
}

}  // namespace wafersim
