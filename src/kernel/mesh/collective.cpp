// Broadcasts and tree reductions, on rows, on the whole grid, and along a snake.
#include "wafersim/kernel/mesh/collective.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "wafersim/base/suggest.hpp"

#include "collective_builder.hpp"
#include "collective_values.hpp"
#include "published.hpp"

namespace wafersim {
namespace {

std::uint32_t columns_of(GridSize grid) {
  return static_cast<std::uint32_t>(grid.columns);
}
std::uint32_t rows_of(GridSize grid) {
  return static_cast<std::uint32_t>(grid.rows);
}

std::vector<PeAt> every_pe(GridSize grid) {
  std::vector<PeAt> all;
  for (std::uint32_t y = 0; y < rows_of(grid); ++y) {
    for (std::uint32_t x = 0; x < columns_of(grid); ++x) all.push_back({x, y});
  }
  return all;
}
std::vector<PeAt> first_column_pes(GridSize grid) {
  std::vector<PeAt> all;
  for (std::uint32_t y = 0; y < rows_of(grid); ++y) all.push_back({0, y});
  return all;
}

void paint_tree(CollectiveBuilder& builder, const Line& line, const LineReduce& reduce) {
  for (std::uint32_t node = 0; node < line.size(); ++node) {
    for (const auto& [color, route] : reduce.routes.routes[node])
      builder.layout().route(color, line.where(node), route);
  }
}

// The model of a reduction along one line; nothing where none is published.
std::optional<double> published_reduce(const std::string& algorithm, std::uint32_t nodes,
                                       const CollectiveRequest& request) {
  const double b = request.length;
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

VectorInstruction move_out(std::uint32_t length) {
  return {.operation = Operation::move,
          .to = FabricOutput{kBroadcastColor},
          .a = MemoryVector{},
          .length = length};
}
VectorInstruction move_in(std::uint32_t length) {
  return {.operation = Operation::move,
          .to = MemoryVector{},
          .a = FabricInput{kBroadcastColor},
          .length = length};
}

void add_broadcast_steps(CollectiveBuilder& builder, GridSize grid, bool whole_grid, std::uint32_t length) {
  const std::uint32_t rows = rows_of(grid);
  for (std::uint32_t y = 0; y < rows; ++y) {
    const bool source = !whole_grid || y == 0;
    if (source && grid.columns == 1 && (!whole_grid || rows == 1)) continue;
    builder.add_steps({.y = y}, {source ? move_out(length) : move_in(length)});
  }
  for (std::uint32_t x = 1; x < columns_of(grid); ++x)
    builder.add_steps({.x = x, .height = rows}, {move_in(length)});
}

}  // namespace

Collective make_broadcast(const CollectiveRequest& request, bool whole_grid) {
  CollectiveBuilder builder{request, ProgramStyle::bare};
  paint_broadcast(builder.layout(), request.grid, whole_grid);
  add_broadcast_steps(builder, request.grid, whole_grid, request.length);
  const MeshParameters& p = request.parameters;
  const std::uint64_t hops = request.grid.columns - 1 + (whole_grid ? request.grid.rows - 1 : 0);
  Collective result;
  result.plan = builder.build();
  result.length = request.length;
  result.results = result.last = every_pe(request.grid);
  result.expected = [whole_grid, length = request.length](PeAt at) {
    Words words;
    for (std::uint32_t k = 0; k < length; ++k)
      words.push_back(initial_element({0, whole_grid ? 0 : at.y}, k));
    return words;
  };
  result.pe_costs = p.instruction_startup;
  result.shares = CycleShares{.link = hops,
                              .ramp = 2ULL * p.ramp_cycles,
                              .datapath = 1ULL + request.length,
                              .tasks = result.pe_costs};
  result.closed_form = result.shares->sum();
  result.published =
      whole_grid
          ? published::broadcast_2d(static_cast<double>(request.grid.columns),
                                    static_cast<double>(request.grid.rows), request.length, p.ramp_cycles)
          : published::broadcast(static_cast<double>(request.grid.columns), request.length, p.ramp_cycles);
  return result;
}

Collective make_reduce(const CollectiveRequest& request, const std::string& algorithm, bool whole_grid,
                       bool then_broadcast) {
  const ProgramStyle style = algorithm == "tree" ? ProgramStyle::by_level : ProgramStyle::timed;
  const StyleCosts costs = costs_of(style, request.parameters);
  CollectiveBuilder builder{request, style};
  const Line row = Line::rows(request.grid);
  const Line column = Line::first_column(request.grid);
  const LineReduce along_row = make_line_reduce(row, algorithm, request, 0);
  const auto first = static_cast<std::uint8_t>(along_row.colors);
  const bool down = whole_grid && request.grid.rows > 1;
  const std::optional<LineReduce> along_column =
      down ? std::optional{make_line_reduce(column, algorithm, request, first)} : std::nullopt;

  paint_tree(builder, row, along_row);
  if (down) paint_tree(builder, column, *along_column);
  for (std::uint32_t y = 0; y < rows_of(request.grid); ++y) {
    builder.add_steps({.y = y}, reduce_steps(along_row.tree, along_row.routes, 0, request.length));
    if (down)
      builder.add_steps({.y = y}, reduce_steps(along_column->tree, along_column->routes, y, request.length));
  }
  for (std::uint32_t x = 1; x < columns_of(request.grid); ++x) {
    builder.add_steps(row.where(x), reduce_steps(along_row.tree, along_row.routes, x, request.length));
  }
  if (then_broadcast) {
    paint_broadcast(builder.layout(), request.grid, whole_grid);
    add_broadcast_steps(builder, request.grid, whole_grid, request.length);
  }

  Collective result;
  result.plan = builder.build();
  result.length = request.length;
  const std::vector<PeAt> roots = whole_grid ? std::vector<PeAt>{{0, 0}} : first_column_pes(request.grid);
  result.results = result.last = then_broadcast ? every_pe(request.grid) : roots;
  const auto row_sum = [tree = along_row.tree, length = request.length](std::uint32_t y) {
    return reduced(tree, length, [y](std::uint32_t x, std::uint32_t k) { return initial_value({x, y}, k); });
  };
  if (!down) {
    result.expected = [of_row = remembered(row_sum)](PeAt at) { return of_row(at.y); };
  } else {
    const auto total = [row_sum, tree = along_column->tree, length = request.length](std::uint32_t) {
      std::vector<Words> rows;
      for (std::uint32_t y = 0; y < tree.size(); ++y) rows.push_back(row_sum(y));
      return reduced(tree, length,
                     [&](std::uint32_t y, std::uint32_t k) { return std::bit_cast<float>(rows[y][k]); });
    };
    result.expected = [of_grid = remembered(total)](PeAt) { return of_grid(0); };
  }

  LineTiming timing{
      .start = costs.start,
      .between = costs.between,
      .length = request.length,
      .ramp = request.parameters.ramp_cycles,
      .continues = [&](std::uint32_t node, std::size_t i) { return along_row.continues(node, i); }};
  CycleShares shares = reduce_cycles(along_row.tree, timing);
  if (down) {
    const CycleShares of_row = shares;
    timing.start = of_row.sum() + costs.between;
    timing.continues = [&](std::uint32_t node, std::size_t i) { return along_column->continues(node, i); };
    shares = reduce_cycles(along_column->tree, timing);
    shares.tasks -= of_row.link + of_row.ramp + of_row.datapath;  // the start of the column was the whole row
    shares.link += of_row.link;
    shares.ramp += of_row.ramp;
    shares.datapath += of_row.datapath;
  }
  result.published = published_reduce(algorithm, row.size(), request);
  if (whole_grid && result.published) {
    const auto second = published_reduce(algorithm, column.size(), request);
    result.published = second ? std::optional{*result.published + *second} : std::nullopt;
  }
  if (then_broadcast) {
    const std::uint64_t hops = request.grid.columns - 1 + (whole_grid ? request.grid.rows - 1 : 0);
    shares.tasks += costs.between;
    shares.datapath += 1ULL + request.length;
    shares.ramp += 2ULL * request.parameters.ramp_cycles;
    shares.link += hops;
    if (result.published) {
      *result.published +=
          static_cast<double>(request.length + hops + 2 * request.parameters.ramp_cycles + 1);
    }
  }
  shares.tasks += costs.finish;
  result.pe_costs = shares.tasks;
  result.shares = shares;
  result.closed_form = shares.sum();
  return result;
}

Collective make_snake(const CollectiveRequest& request) {
  const StyleCosts costs = costs_of(ProgramStyle::timed, request.parameters);
  CollectiveBuilder builder{request, ProgramStyle::timed};
  const Line line = Line::snake(request.grid);
  const LineReduce reduce = make_line_reduce(line, "chain", request, 0);
  paint_tree(builder, line, reduce);
  std::vector<PeAt> order;
  for (std::uint32_t node = 0; node < line.size(); ++node) {
    builder.add_steps(line.where(node), reduce_steps(reduce.tree, reduce.routes, node, request.length));
    order.push_back({line.where(node).x, line.where(node).y});
  }
  Collective result;
  result.plan = builder.build();
  result.length = request.length;
  result.results = result.last = {{0, 0}};
  result.expected = [tree = reduce.tree, order, length = request.length](PeAt) {
    return reduced(tree, length,
                   [&](std::uint32_t node, std::uint32_t k) { return initial_value(order[node], k); });
  };
  const std::uint64_t hops = line.size() - 1;
  result.pe_costs = costs.start + costs.finish;
  result.shares = CycleShares{.link = hops,
                              .ramp = 2ULL * request.parameters.ramp_cycles * hops,
                              .datapath = request.length + hops,
                              .tasks = result.pe_costs};
  result.closed_form = result.shares->sum();
  result.published = published::chain(line.size(), request.length, request.parameters.ramp_cycles);
  return result;
}

const std::vector<std::string>& collective_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names{"broadcast", "broadcast.2d"};
    for (const char* algorithm : {"star", "chain", "tree", "two_phase", "auto"}) {
      for (const char* kind : {"reduce.", "allreduce."}) {
        names.push_back(std::string{kind} + algorithm);
        names.push_back(std::string{kind} + algorithm + ".2d");
      }
    }
    names.insert(names.end(), {"reduce.chain.snake", "allreduce.ring"});
    std::sort(names.begin(), names.end());
    return names;
  }();
  return kNames;
}

Collective make_collective(const CollectiveRequest& request) {
  const std::vector<std::string>& names = collective_names();
  if (std::find(names.begin(), names.end(), request.kernel) == names.end()) {
    const auto near = nearest_word(request.kernel, names);
    throw InputError{Problem{{},
                             "kernel",
                             fmt::format("unknown kernel '{}'{}", request.kernel,
                                         near ? " (did you mean '" + *near + "'?)" : "")}};
  }
  if (request.grid.columns < 2) {
    throw InputError{
        Problem{{},
                "--grid",
                fmt::format("{} needs rows of at least 2 PEs, got {}", request.kernel, spell(request.grid))}};
  }
  if (request.length == 0) throw InputError{Problem{{}, "--size", "a vector has at least one element"}};
  const std::uint32_t room = (request.parameters.memory_bytes - request.parameters.code_reserve_bytes) / 4;
  if (request.length > room) {
    throw DoesNotFit{fmt::format(
        "a vector of {} FP32 elements does not fit in a PE: {} bytes, less {} for code, hold {}",
        request.length, request.parameters.memory_bytes, request.parameters.code_reserve_bytes, room)};
  }
  if (request.kernel == "allreduce.ring") return make_ring(request);
  if (request.kernel == "reduce.chain.snake") return make_snake(request);
  const bool whole_grid = request.kernel.ends_with(".2d");
  const std::string name = whole_grid ? request.kernel.substr(0, request.kernel.size() - 3) : request.kernel;
  if (name == "broadcast") return make_broadcast(request, whole_grid);
  return make_reduce(request, name.substr(name.find('.') + 1), whole_grid, name.starts_with("allreduce."));
}

}  // namespace wafersim
