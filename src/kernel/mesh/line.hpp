// A line of PEs along which messages travel towards its beginning: a row, a column, or a snake.
#pragma once

#include <optional>
#include <vector>

#include "wafersim/mesh/layout.hpp"

#include "reduce_tree.hpp"
#include "vector_format.hpp"

namespace wafersim {

class Line {
 public:
  // Every row at once; node i is column i.
  [[nodiscard]] static Line rows(GridSize grid);
  // The first column; node i is row i.
  [[nodiscard]] static Line first_column(GridSize grid);
  // All PEs of the grid, to and fro.
  [[nodiscard]] static Line snake(GridSize grid);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  [[nodiscard]] const Rectangle& where(std::uint32_t node) const { return nodes_[node].where; }
  [[nodiscard]] Port to_previous(std::uint32_t node) const { return nodes_[node].to_previous; }
  [[nodiscard]] Port to_next(std::uint32_t node) const { return opposite(nodes_[node + 1].to_previous); }

 private:
  struct Node {
    Rectangle where;
    Port to_previous = Port::west;
  };
  std::vector<Node> nodes_;
};

// The colors of a tree's messages, by sender, and the routes that carry them.
struct ReduceRoutes {
  std::vector<Color> sends_on;                               // by node; meaningless for the root
  std::vector<LastWavelet> last;                             // by node
  std::vector<std::vector<std::pair<Color, Route>>> routes;  // by node
};

// Routes with `color_of_sender`; nothing if some router would need more than `positions` switch positions.
[[nodiscard]] std::optional<ReduceRoutes> route_tree(const Line& line, const ReduceTree& tree,
                                                     const std::vector<Color>& color_of_sender,
                                                     std::uint32_t positions);

// What each node of the tree does, in order, with its vector at address 0.
[[nodiscard]] std::vector<VectorInstruction> reduce_steps(const ReduceTree& tree, const ReduceRoutes& routes,
                                                          std::uint32_t node, const VectorFormat& format);

}  // namespace wafersim
