// Paints the ways of a gradient pass.
#include "ws_gradient_layout.hpp"

#include <algorithm>

namespace wafersim {

GradientWays::GradientWays(const WsRequest& request, const GradientTile& tile)
    : columns_{tile.deal.columns},
      groups_{request.groups},
      edge_{request.entry == WeightEntry::edge},
      rows_of_exits_{edge_ || groups_ > 1 ? columns_ : 1},
      grid_{request, tile.deal, !tile.by_delta, rows_of_exits_} {
  farthest_ = columns_;
  for (std::uint32_t column = 0; column < columns_; ++column) {
    owns_.push_back(tile.deal.block_of(column) < tile.deal.blocks);
    if (owns_.back()) farthest_ = std::min(farthest_, column);
    wavelets_.push_back(tile.sum_wavelets(request, column));
  }
}

bool GradientWays::has_collector(std::uint32_t x) const {
  const std::uint32_t group = x / columns_;
  return wavelets_[x % columns_] > 0 && (group + 1 < groups_ || (group == 0 && !edge_));
}

std::vector<EdgePort> GradientWays::exits() const {
  std::vector<EdgePort> ports;
  for (std::uint32_t column = 0; edge_ && column < columns_; ++column)
    ports.push_back({.row = exit_row(column), .side = Port::west});
  return ports;
}

void GradientWays::paint_deltas(Layout& layout) const {
  for (std::uint32_t x = 0; x < grid_.columns(); ++x) {
    const std::uint32_t column = x % columns_;
    Ports outputs = Port::ramp;
    if (column > 0) outputs = outputs | Port::west;
    layout.route(kDeltaColor, grid_.column(x), {{Port::east, outputs}});
    // The nearest owner sends first; behind its block it lets the farther ones pass.
    Route route;
    if (owns_[column]) route.push_back({Port::ramp, Port::east});
    if (column > farthest_) route.push_back({Port::west, Port::east});
    if (!route.empty()) layout.route(kGatherColor, grid_.column(x), route);
  }
  for (std::uint32_t group = 0; group < groups_; ++group) {
    const Rectangle where{.x = relay(group, 0).x, .y = grid_.top(), .height = grid_.rows()};
    layout.route(kGatherColor, where, {{Port::west, Port::ramp}});
    layout.route(kDeltaColor, where, {{Port::ramp, Port::west}});
  }
}

// The word makes a detour by the column to the west, two hops more than sums have on their way: these may
// lose a cycle or two in each row, where deltas come at the same time, and would fall behind.
void GradientWays::paint_beginnings(Layout& layout) const {
  for (std::uint32_t group = 0; group < groups_; ++group) {
    for (std::uint32_t y = 0; y < grid_.rows(); ++y) {
      const bool across = y == 0 && group > 0;
      const bool down = y + 1 < grid_.rows();
      const Color color = begin_color(group, y);
      const auto [x, row] = relay(group, y);
      Ports turn = across ? Ports{Port::west} : Ports{Port::south};
      if (across && down) turn = Port::west | Port::south;
      if (across || down) {
        layout.route(color, Rectangle::pe({x, row}), {{Port::ramp, Port::west}});
        layout.route(color, Rectangle::pe({x - 1, row}), {{Port::east, turn}});
      }
      if (down) {
        layout.route(color, Rectangle::pe({x - 1, row + 1}), {{Port::north, Port::east}});
        layout.route(color, Rectangle::pe({x, row + 1}), {{Port::west, Port::ramp}});
      }
      if (across) {
        if (columns_ > 1)
          layout.route(color, {.x = x - columns_, .y = row, .width = columns_ - 1},
                       {{Port::east, Port::west}});
        layout.route(color, Rectangle::pe(relay(group - 1, y)), {{Port::east, Port::ramp}});
      }
    }
  }
}

void GradientWays::paint_sums(Layout& layout) const {
  for (std::uint32_t x = 0; x < grid_.columns(); ++x) {
    if (wavelets_[x % columns_] == 0) continue;
    for (std::uint32_t y = 0; y < grid_.rows(); ++y) {
      const Rectangle pe = Rectangle::pe(grid_.at(x, y));
      layout.route(out_color(x, y), pe, {{Port::ramp, Port::south}});
      if (y > 0) layout.route(sum_color(y - 1), pe, {{Port::north, Port::ramp}});
    }
    paint_exit(layout, x);
  }
}

void GradientWays::paint_exit(Layout& layout, std::uint32_t x) const {
  const std::uint32_t group = x / columns_;
  const std::uint32_t first = grid_.top() + grid_.rows();
  const auto [place, row] = collector(x);
  const Color down = down_color(group);
  if (row > first)
    layout.route(down, {.x = place, .y = first, .height = row - first}, {{Port::north, Port::south}});
  const Rectangle turn = Rectangle::pe(collector(x));
  layout.route(down, turn, {{Port::north, has_collector(x) ? Port::ramp : Port::west}});
  if (has_collector(x)) {
    if (group + 1 < groups_) layout.route(across_color(group + 1), turn, {{Port::east, Port::ramp}});
    if (group > 0 || edge_) layout.route(across_color(group), turn, {{Port::ramp, Port::west}});
  }
  // West to the next group's collector, or to the edge.
  if (group == 0 && !edge_) return;
  const std::uint32_t until = group == 0 ? 0 : grid_.place(x - columns_) + 1;
  if (place > until)
    layout.route(across_color(group), {.x = until, .y = row, .width = place - until},
                 {{Port::east, Port::west}});
  if (group == 0) layout.output(across_color(0), Rectangle::pe({0, row}), Port::west);
}

}  // namespace wafersim
