// How the weights reach the columns: ports, crossing rows, and the way down.
#pragma once

#include "ws_tile.hpp"

namespace wafersim {

inline constexpr Color kWeightColor{0};

// Where things lie on the grid of a weight-streaming product.
class WsGrid {
 public:
  WsGrid(const WsRequest& request, const WsTile& tile)
      : columns_{tile.columns * request.groups},
        rows_{static_cast<std::uint32_t>(request.grid.rows)},
        top_{request.entry == WeightEntry::edge ? columns_ : 1},
        width_{columns_} {}
  // With so many rows below, none above if nothing enters, and a column of other PEs east of each group.
  WsGrid(const WsRequest& request, const WsTile& tile, bool enters, std::uint32_t bottom)
      : WsGrid{request, tile} {
    if (!enters) top_ = 0;
    bottom_ = bottom;
    in_group_ = tile.columns;
    width_ += request.groups;
  }

  [[nodiscard]] std::uint32_t columns() const { return columns_; }  // that compute
  [[nodiscard]] std::uint32_t rows() const { return rows_; }
  [[nodiscard]] std::uint32_t top() const { return top_; }  // rows above those
  [[nodiscard]] GridSize whole() const { return {width_, top_ + rows_ + bottom_}; }
  // Where a column that computes stands.
  [[nodiscard]] std::uint32_t place(std::uint32_t x) const { return in_group_ == 0 ? x : x + x / in_group_; }
  [[nodiscard]] PeAt at(std::uint32_t x, std::uint32_t y) const { return {place(x), top_ + y}; }
  [[nodiscard]] Rectangle column(std::uint32_t x) const {
    return {.x = place(x), .y = top_, .height = rows_};
  }
  // The row at whose west port the weights of a column come in: the farthest column's is the northernmost, so
  // that no way across meets a way down.
  [[nodiscard]] std::uint32_t crossing_row(std::uint32_t x) const { return columns_ - 1 - x; }

 private:
  std::uint32_t columns_, rows_, top_, width_;
  std::uint32_t bottom_{}, in_group_{};
};

using WeightStreams = std::vector<std::vector<WeightWavelet>>;  // by column

// Paints the ways of the weights and, where PEs play the ports, their programs.
void paint_weights(Layout& layout, const WsGrid& grid, WeightEntry entry, const WeightStreams& streams);
// Gives the request's slow PE, if it has one, a program of its own.
void slow_down(MeshPlan& plan, const WsGrid& grid, const WsRequest& request);
// Hands the streams to the ports.
void load_weights(MeshEngine& engine, const WsGrid& grid, WeightEntry entry, const WeightStreams& streams);

}  // namespace wafersim
