// Rings along the rows or columns of a grid, on which every PE passes its tile to the next at once.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/mesh/layout.hpp"

namespace wafersim {

enum class Axis : std::uint8_t { row, column };

// The order in which a ring visits the positions of a line.
[[nodiscard]] std::vector<std::uint32_t> plain_order(
    std::uint32_t positions);  // 0 1 2 …; the last is far from the first
[[nodiscard]] std::vector<std::uint32_t> interleaved_order(
    std::uint32_t positions);  // 0 2 4 … 5 3 1: at most 2 hops

class ShiftRing {
 public:
  // Each position of `order` sends to the one before it. Takes colors from `first` on: as few as keep the
  // links that meet in a router apart.
  ShiftRing(std::vector<std::uint32_t> order, std::uint8_t first);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(order_.size()); }
  [[nodiscard]] std::uint8_t first_free() const { return first_free_; }
  // Where a position of the line stands in the ring.
  [[nodiscard]] std::uint32_t place_of(std::uint32_t position) const { return place_[position]; }
  [[nodiscard]] Color sends_on(std::uint32_t position) const { return color_[place_[position]]; }
  [[nodiscard]] Color receives_on(std::uint32_t position) const {
    return color_[(place_[position] + 1) % size()];
  }
  [[nodiscard]] std::uint32_t longest_link() const;
  // On all lines of a square grid, or on those named.
  void paint(Layout& layout, Axis axis) const;
  void paint(Layout& layout, Axis axis, std::uint32_t line) const;

 private:
  [[nodiscard]] std::uint32_t from(std::uint32_t place) const { return order_[place]; }
  [[nodiscard]] std::uint32_t to(std::uint32_t place) const { return order_[(place + size() - 1) % size()]; }

  std::vector<std::uint32_t> order_, place_;
  std::vector<Color> color_;  // of the link that leaves each place
  std::uint8_t first_free_{};
};

}  // namespace wafersim
