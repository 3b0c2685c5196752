// Draws routes and programs on rectangles of the grid, and refuses what could not work.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "wafersim/base/error.hpp"
#include "wafersim/base/parse.hpp"
#include "wafersim/mesh/edge.hpp"
#include "wafersim/mesh/geometry.hpp"
#include "wafersim/mesh/parameters.hpp"
#include "wafersim/mesh/program.hpp"

namespace wafersim {

// One switch position of a color in a router: one input, any of the outputs.
struct RoutePosition {
  Port from = Port::ramp;
  Ports to;
  friend bool operator==(const RoutePosition&, const RoutePosition&) = default;
};
// The positions that control wavelets step through; the last one stays.
using Route = std::vector<RoutePosition>;

// A checked layout, compact enough for a whole wafer. Index 0 means "nothing" in both maps.
struct MeshPlan {
  GridSize grid;
  MeshParameters parameters;
  std::vector<Route> routes{Route{}};
  std::vector<Program> programs{Program{}};
  std::vector<Color> colors;                           // in use, ascending
  std::vector<std::vector<std::uint16_t>> route_maps;  // one per used color: PE -> routes
  std::vector<std::uint16_t> program_map;              // PE -> programs
  std::vector<EdgeUse> inputs;                         // colors let in at the edge, ascending
  std::vector<EdgeUse> outputs;                        // colors let out

  [[nodiscard]] std::size_t index_of(PeAt at) const { return at.y * grid.columns + at.x; }
  [[nodiscard]] const Program& program_at(PeAt at) const { return programs[program_map[index_of(at)]]; }
};

class Layout {
 public:
  explicit Layout(GridSize grid, const MeshParameters& parameters = {});

  // Gives `color` this route on every router of the rectangle.
  Layout& route(Color color, const Rectangle& where, const Route& route);
  // Gives every PE of the rectangle this program.
  Layout& program(const Rectangle& where, Program program);
  Layout& program_on_all(std::span<const Rectangle> where, Program program);

  // Lets `color` into, or out of, the grid through the outward links on this side of all PEs of the
  // rectangle, which must lie in the first (west) or last (east) column.
  Layout& input(Color color, const Rectangle& where, Port side);
  Layout& output(Color color, const Rectangle& where, Port side);

  // The layout, if it can work. Throws InputError with all that is wrong with it.
  [[nodiscard]] MeshPlan build() const;

 private:
  [[nodiscard]] bool covers(const Rectangle& where, const std::string& what);
  [[nodiscard]] std::vector<std::uint16_t>& map_of(Color color);
  void use_edge(std::vector<EdgeUse>& uses, Color color, const Rectangle& where, Port side);

  MeshPlan plan_;
  Problems problems_;
};

}  // namespace wafersim
