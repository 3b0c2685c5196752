// Reductions by a tree: along each row, then along the first column, or along a snake.
#include <bit>

#include "collective_builder.hpp"
#include "collective_values.hpp"
#include "published.hpp"

namespace wafersim {
namespace {

void paint_tree(CollectiveBuilder& builder, const Line& line, const LineReduce& reduce) {
  for (std::uint32_t node = 0; node < line.size(); ++node) {
    for (const auto& [color, route] : reduce.routes.routes[node])
      builder.layout().route(color, line.where(node), route);
  }
}

// The model of a reduction along one line; nothing where none is published.
std::optional<double> published_reduce(const std::string& algorithm, std::uint32_t nodes,
                                       const CollectiveRequest& request) {
  const double b = VectorFormat{request}.words();
  const double ramp = request.parameters.ramp_cycles;
  if (nodes == 1) return 0.0;
  if (algorithm == "star") return published::star(nodes, b, ramp);
  if (algorithm == "chain") return published::chain(nodes, b, ramp);
  if (algorithm == "tree" && std::has_single_bit(nodes)) return published::tree(nodes, b, ramp);
  if (algorithm == "two_phase") {
    std::uint32_t group = request.group;
    if (group == 0) {
      for (group = 1; (group + 1) * (group + 1) <= nodes;) ++group;
    }
    return published::two_phase(nodes, group, b, ramp);
  }
  return std::nullopt;
}

// The programs and routes of the rows and, on a whole grid, of the first column.
struct GridReduce {
  Line row;
  Line column;
  LineReduce along_row;
  std::optional<LineReduce> along_column;
};

GridReduce lay_out(const CollectiveRequest& request, const std::string& algorithm, bool whole_grid) {
  GridReduce grid{Line::rows(request.grid), Line::first_column(request.grid), {}, {}};
  grid.along_row = make_line_reduce(grid.row, algorithm, request, 0);
  if (whole_grid && request.grid.rows > 1) {
    grid.along_column =
        make_line_reduce(grid.column, algorithm, request, static_cast<std::uint8_t>(grid.along_row.colors));
  }
  return grid;
}

void build_on(CollectiveBuilder& builder, const GridReduce& grid, const VectorFormat& format) {
  paint_tree(builder, grid.row, grid.along_row);
  if (grid.along_column) paint_tree(builder, grid.column, *grid.along_column);
  for (std::uint32_t y = 0; y < grid.column.size(); ++y) {
    builder.add_steps({.y = y}, reduce_steps(grid.along_row.tree, grid.along_row.routes, 0, format));
    if (grid.along_column) {
      builder.add_steps({.y = y},
                        reduce_steps(grid.along_column->tree, grid.along_column->routes, y, format));
    }
  }
  for (std::uint32_t x = 1; x < grid.row.size(); ++x) {
    builder.add_steps(grid.row.where(x), reduce_steps(grid.along_row.tree, grid.along_row.routes, x, format));
  }
}

std::function<Words(PeAt)> expected_on(const GridReduce& grid, const VectorFormat& format) {
  const auto row_sum = [tree = grid.along_row.tree, format](std::uint32_t y) {
    return reduced(tree, format, [&](std::uint32_t x, std::uint32_t k) {
      return format.initial_element({x, y}, k);
    });
  };
  if (!grid.along_column) {
    return [of_row = remembered(row_sum)](PeAt at) { return of_row(at.y); };
  }
  const auto total = [row_sum, tree = grid.along_column->tree, format](std::uint32_t) {
    std::vector<Words> rows;
    for (std::uint32_t y = 0; y < tree.size(); ++y) rows.push_back(row_sum(y));
    return reduced(tree, format,
                   [&](std::uint32_t y, std::uint32_t k) { return format.element(rows[y], k); });
  };
  return [of_grid = remembered(total)](PeAt) { return of_grid(0); };
}

CycleShares cycles_on(const GridReduce& grid, const StyleCosts& costs, const VectorFormat& format,
                      std::uint64_t ramp) {
  CycleShares start = format.widening_cycles();
  start.tasks += costs.start;
  const auto along = [&](const LineReduce& line, const CycleShares& from) {
    return reduce_cycles(line.tree, {.start = from,
                                     .between = costs.between,
                                     .length = format.words(),
                                     .ramp = ramp,
                                     .continues = [&](std::uint32_t node, std::size_t child) {
                                       return line.continues(node, child);
                                     }});
  };
  CycleShares shares = along(grid.along_row, start);
  if (!grid.along_column) return shares;
  shares.tasks += costs.between;
  return along(*grid.along_column, shares);
}

}  // namespace

Collective make_reduce(const CollectiveRequest& request, const std::string& algorithm, bool whole_grid,
                       bool then_broadcast) {
  const ProgramStyle style = algorithm == "tree" ? ProgramStyle::by_level : ProgramStyle::timed;
  const StyleCosts costs = costs_of(style, request.parameters);
  const VectorFormat format{request};
  const GridReduce grid = lay_out(request, algorithm, whole_grid);
  CollectiveBuilder builder{request, style};
  build_on(builder, grid, format);
  if (then_broadcast) {
    paint_broadcast(builder.layout(), request.grid, whole_grid);
    add_broadcast_steps(builder, request.grid, whole_grid, format);
  }
  Collective result = builder.build();
  const std::vector<PeAt> roots = whole_grid ? std::vector<PeAt>{{0, 0}} : first_column_pes(request.grid);
  result.results = result.last = then_broadcast ? every_pe(request.grid) : roots;
  result.expected = expected_on(grid, format);

  result.published = published_reduce(algorithm, grid.row.size(), request);
  if (whole_grid && result.published) {
    const auto second = published_reduce(algorithm, grid.column.size(), request);
    result.published = second ? std::optional{*result.published + *second} : std::nullopt;
  }
  CycleShares shares = cycles_on(grid, costs, format, request.parameters.ramp_cycles);
  if (then_broadcast) {
    const CycleShares back = broadcast_cycles(request.grid, whole_grid, format, request.parameters);
    if (result.published) *result.published += static_cast<double>(back.sum());
    shares.tasks += costs.between;
    shares += back;
  }
  shares.tasks += costs.finish;
  result.pe_costs = shares.tasks;
  result.shares = shares;
  result.closed_form = shares.sum();
  return result;
}

Collective make_snake(const CollectiveRequest& request) {
  const StyleCosts costs = costs_of(ProgramStyle::timed, request.parameters);
  const VectorFormat format{request};
  CollectiveBuilder builder{request, ProgramStyle::timed};
  const Line line = Line::snake(request.grid);
  const LineReduce reduce = make_line_reduce(line, "chain", request, 0);
  paint_tree(builder, line, reduce);
  std::vector<PeAt> order;
  for (std::uint32_t node = 0; node < line.size(); ++node) {
    builder.add_steps(line.where(node), reduce_steps(reduce.tree, reduce.routes, node, format));
    order.push_back({line.where(node).x, line.where(node).y});
  }
  Collective result = builder.build();
  result.results = result.last = {{0, 0}};
  result.expected = [tree = reduce.tree, order, format](PeAt) {
    return reduced(tree, format, [&](std::uint32_t node, std::uint32_t k) {
      return format.initial_element(order[node], k);
    });
  };
  const std::uint64_t hops = line.size() - 1;
  CycleShares shares = format.widening_cycles();
  shares += {.link = hops,
             .ramp = 2ULL * request.parameters.ramp_cycles * hops,
             .datapath = format.words() + hops,
             .tasks = costs.start + costs.finish};
  result.pe_costs = shares.tasks;
  result.shares = shares;
  result.closed_form = shares.sum();
  result.published = published::chain(line.size(), format.words(), request.parameters.ramp_cycles);
  return result;
}

}  // namespace wafersim
