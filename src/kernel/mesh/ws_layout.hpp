// How the weights reach the columns: ports, crossing rows, and the way down.
#pragma once

#include "ws_tile.hpp"

namespace wafersim {

inline constexpr Color kWeightColor{0};

// Where things lie on the grid of a weight-streaming product.
class WsGrid {
 public:
  WsGrid(const WsRequest& request, const WsTile& tile)
      : entry_{request.entry},
        columns_{tile.columns * request.groups},
        rows_{static_cast<std::uint32_t>(request.grid.rows)} {}

  [[nodiscard]] std::uint32_t columns() const { return columns_; }  // that compute
  [[nodiscard]] std::uint32_t rows() const { return rows_; }
  [[nodiscard]] std::uint32_t top() const { return entry_ == WeightEntry::edge ? columns_ : 1; }
  [[nodiscard]] GridSize whole() const { return {columns_, top() + rows_}; }
  [[nodiscard]] PeAt at(std::uint32_t x, std::uint32_t y) const { return {x, top() + y}; }
  [[nodiscard]] Rectangle column(std::uint32_t x) const { return {.x = x, .y = top(), .height = rows_}; }
  // The row at whose west port the weights of a column come in: the farthest column's is the northernmost, so
  // that no way across meets a way down.
  [[nodiscard]] std::uint32_t crossing_row(std::uint32_t x) const { return columns_ - 1 - x; }

 private:
  WeightEntry entry_;
  std::uint32_t columns_, rows_;
};

using WeightStreams = std::vector<std::vector<WeightWavelet>>;  // by column

// Paints the ways of the weights and, where PEs play the ports, their programs.
void paint_weights(Layout& layout, const WsGrid& grid, WeightEntry entry, const WeightStreams& streams);
// Hands the streams to the ports.
void load_weights(MeshEngine& engine, const WsGrid& grid, WeightEntry entry, const WeightStreams& streams);

}  // namespace wafersim
