// One PE sends its vector, routers copy it on the way: along each row, or over the whole grid.
#include "collective_builder.hpp"
#include "collective_values.hpp"
#include "published.hpp"

namespace wafersim {

void paint_broadcast(Layout& layout, GridSize grid, bool whole_grid) {
  const auto columns = static_cast<std::uint32_t>(grid.columns);
  const auto rows = static_cast<std::uint32_t>(grid.rows);
  for (std::uint32_t part = 0; part < (whole_grid ? 3U : 1U); ++part) {
    // The first column: its first PE, those between, the last one; all alike when each row is on its own.
    const Rectangle where = !whole_grid ? Rectangle{.height = rows}
                            : part == 0 ? Rectangle{}
                            : part == 1 ? Rectangle{.y = 1, .height = rows > 2 ? rows - 2 : 0}
                                        : Rectangle{.y = rows - 1};
    if (where.height == 0 || (part == 2 && rows == 1)) continue;
    const bool source = !whole_grid || part == 0;
    const bool more_below = whole_grid && rows > 1 && part < 2;
    Ports to;
    if (columns > 1) to = to | Ports{Port::east};
    if (more_below) to = to | Ports{Port::south};
    if (!source) to = to | Ports{Port::ramp};
    if (!to.empty()) layout.route(kBroadcastColor, where, {{source ? Port::ramp : Port::north, to}});
  }
  if (columns > 2) {
    layout.route(kBroadcastColor, {.x = 1, .width = columns - 2, .height = rows},
                 {{Port::west, Port::east | Port::ramp}});
  }
  if (columns > 1)
    layout.route(kBroadcastColor, {.x = columns - 1, .height = rows}, {{Port::west, Port::ramp}});
}

void add_broadcast_steps(CollectiveBuilder& builder, GridSize grid, bool whole_grid,
                         const VectorFormat& format) {
  const std::uint32_t rows = rows_of(grid);
  const VectorInstruction out{.precision = format.sums(),
                              .to = FabricOutput{kBroadcastColor},
                              .a = MemoryVector{},
                              .length = format.elements_of(format.words())};
  VectorInstruction in = out;
  in.to = MemoryVector{};
  in.a = FabricInput{kBroadcastColor};
  for (std::uint32_t y = 0; y < rows; ++y) {
    const bool source = !whole_grid || y == 0;
    if (source && grid.columns == 1 && (!whole_grid || rows == 1)) continue;
    builder.add_steps({.y = y}, {source ? out : in});
  }
  for (std::uint32_t x = 1; x < columns_of(grid); ++x) builder.add_steps({.x = x, .height = rows}, {in});
}

CycleShares broadcast_cycles(GridSize grid, bool whole_grid, const VectorFormat& format,
                             const MeshParameters& parameters) {
  return {.link = grid.columns - 1 + (whole_grid ? grid.rows - 1 : 0),
          .ramp = 2ULL * parameters.ramp_cycles,
          .datapath = 1ULL + format.words()};
}

Collective make_broadcast(const CollectiveRequest& request, bool whole_grid) {
  const VectorFormat format{request};
  const MeshParameters& p = request.parameters;
  CollectiveBuilder builder{request, ProgramStyle::bare};
  paint_broadcast(builder.layout(), request.grid, whole_grid);
  add_broadcast_steps(builder, request.grid, whole_grid, format);
  Collective result = builder.build();
  result.results = result.last = every_pe(request.grid);
  result.expected = [whole_grid, format](PeAt at) {
    return format.packed([&](std::uint32_t k) {
      return format.initial_element({0, whole_grid ? 0 : at.y}, k);
    });
  };
  result.pe_costs = p.instruction_startup;
  result.shares = broadcast_cycles(request.grid, whole_grid, format, p);
  result.shares->tasks = result.pe_costs;
  result.closed_form = result.shares->sum();
  const auto columns = static_cast<double>(request.grid.columns);
  const auto rows = static_cast<double>(request.grid.rows);
  result.published = whole_grid ? published::broadcast_2d(columns, rows, format.words(), p.ramp_cycles)
                                : published::broadcast(columns, format.words(), p.ramp_cycles);
  return result;
}

}  // namespace wafersim
