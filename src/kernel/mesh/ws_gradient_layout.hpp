// The ways of a gradient pass: deltas along the rows, sums down the columns and out of the wafer.
#pragma once

#include <optional>

#include "ws_gradient_tile.hpp"
#include "ws_layout.hpp"

namespace wafersim {

inline constexpr Color kGatherColor{3};  // from the owners to the PE that relays
inline constexpr Color kDeltaColor{4};   // from there to all

// Below the computing rows lies a row for each column of a group, along which its sums go west, or one row
// for all where PEs play the ports and nothing has to cross. There the sums of the groups are added up, from
// the east.
class GradientWays {
 public:
  GradientWays(const WsRequest& request, const GradientTile& tile);

  [[nodiscard]] const WsGrid& grid() const { return grid_; }
  // The PE east of a group's row, which sends the deltas of all owners to all columns: no router turns a
  // stream round, or back into its own core.
  [[nodiscard]] PeAt relay(std::uint32_t group, std::uint32_t y) const {
    return {grid_.place(group * columns_ + columns_ - 1) + 1, grid_.top() + y};
  }
  [[nodiscard]] std::uint32_t sum_wavelets(std::uint32_t column) const { return wavelets_[column]; }

  [[nodiscard]] Color sum_color(std::uint32_t row) const {
    return Color{static_cast<std::uint8_t>(1 + row % 2)};
  }
  [[nodiscard]] Color across_color(std::uint32_t group) const {
    return Color{static_cast<std::uint8_t>(6 + group % 2)};
  }
  // Out of the southernmost row: the last group has nothing to add to, so its sums turn west at once.
  [[nodiscard]] Color down_color(std::uint32_t group) const {
    return group + 1 < groups_ ? Color{5} : across_color(group);
  }
  [[nodiscard]] Color out_color(std::uint32_t x, std::uint32_t y) const {
    return y + 1 < grid_.rows() ? sum_color(y) : down_color(x / columns_);
  }

  // Between the relays: each tells the next ones to begin, down the rows and, along the first, from group to
  // group, as sums go. So whatever comes from the north meets each row in the same state.
  [[nodiscard]] Color begin_color(std::uint32_t group, std::uint32_t row) const {
    return Color{static_cast<std::uint8_t>(8 + (group + row) % 2)};
  }
  // The one that a relay waits for; none for the first of all.
  [[nodiscard]] std::optional<Color> awaited_color(std::uint32_t group, std::uint32_t row) const {
    if (row > 0) return begin_color(group, row - 1);
    if (group + 1 < groups_) return begin_color(group + 1, row);
    return std::nullopt;
  }
  [[nodiscard]] bool is_last_to_begin(std::uint32_t group, std::uint32_t row) const {
    return row + 1 == grid_.rows() && (row > 0 || group == 0);
  }

  // The PE below a column that adds up two groups, or plays a port.
  [[nodiscard]] bool has_collector(std::uint32_t x) const;
  [[nodiscard]] PeAt collector(std::uint32_t x) const { return {grid_.place(x), exit_row(x)}; }
  [[nodiscard]] std::vector<EdgePort> exits() const;  // by column; none where PEs play the ports

  void paint_deltas(Layout& layout) const;
  void paint_beginnings(Layout& layout) const;
  void paint_sums(Layout& layout) const;

 private:
  // The farther the column, the farther south its row, so no way across meets a way down of its color.
  [[nodiscard]] std::uint32_t exit_row(std::uint32_t x) const {
    return grid_.top() + grid_.rows() + (rows_of_exits_ == 1 ? 0 : x % columns_);
  }
  void paint_exit(Layout& layout, std::uint32_t x) const;

  std::uint32_t columns_, groups_;
  bool edge_;
  std::uint32_t rows_of_exits_;
  WsGrid grid_;
  std::uint32_t farthest_{};  // column that owns output features
  std::vector<bool> owns_;
  std::vector<std::uint32_t> wavelets_;  // of sums, by column of a group
};

}  // namespace wafersim
