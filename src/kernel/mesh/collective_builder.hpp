// Collects what each PE does and which routes it has, and makes the plan of it.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "wafersim/kernel/mesh/collective.hpp"

#include "line.hpp"
#include "program_style.hpp"

namespace wafersim {

// A reduction along one line: its tree, colors and routes.
struct LineReduce {
  ReduceTree tree;
  ReduceRoutes routes;
  std::uint32_t colors{};  // used from the first one on
  [[nodiscard]] bool continues(std::uint32_t node, std::size_t child) const;
};
// `algorithm`: star, chain, tree, two_phase, auto.
[[nodiscard]] LineReduce make_line_reduce(const Line& line, const std::string& algorithm,
                                          const CollectiveRequest& request, std::uint8_t first_color);

// Steps and routes by PE, painted at the end on rectangles of PEs that do the same.
class CollectiveBuilder {
 public:
  CollectiveBuilder(const CollectiveRequest& request, ProgramStyle style)
      : request_{request}, format_{request}, style_{style}, layout_{request.grid, request.parameters} {}

  Layout& layout() { return layout_; }
  void add_steps(const Rectangle& where, const std::vector<VectorInstruction>& steps);
  // The plan, with the vectors it works on.
  [[nodiscard]] Collective build();

 private:
  using Steps = std::vector<VectorInstruction>;
  const CollectiveRequest& request_;
  VectorFormat format_;
  ProgramStyle style_;
  Layout layout_;
  std::vector<std::pair<Rectangle, Steps>> parts_;
};

// The kernels; each fills in plan, expected values and closed form.
[[nodiscard]] Collective make_broadcast(const CollectiveRequest& request, bool whole_grid);
[[nodiscard]] Collective make_reduce(const CollectiveRequest& request, const std::string& algorithm,
                                     bool whole_grid, bool then_broadcast);
[[nodiscard]] Collective make_snake(const CollectiveRequest& request);
[[nodiscard]] Collective make_ring(const CollectiveRequest& request);

inline constexpr Color kBroadcastColor{20};

// A broadcast from the first PE of each row, or of the grid: its routes, its steps, and its cycles from the
// first beat on.
void paint_broadcast(Layout& layout, GridSize grid, bool whole_grid);
void add_broadcast_steps(CollectiveBuilder& builder, GridSize grid, bool whole_grid,
                         const VectorFormat& format);
[[nodiscard]] CycleShares broadcast_cycles(GridSize grid, bool whole_grid, const VectorFormat& format,
                                           const MeshParameters& parameters);

[[nodiscard]] inline std::uint32_t columns_of(GridSize grid) {
  return static_cast<std::uint32_t>(grid.columns);
}
[[nodiscard]] inline std::uint32_t rows_of(GridSize grid) {
  return static_cast<std::uint32_t>(grid.rows);
}
[[nodiscard]] std::vector<PeAt> every_pe(GridSize grid);
[[nodiscard]] std::vector<PeAt> first_column_pes(GridSize grid);

}  // namespace wafersim
