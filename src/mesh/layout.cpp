// Paints rectangles, then checks that routes meet, programs fit, and queues have a route.
#include "wafersim/mesh/layout.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "program_check.hpp"

namespace wafersim {
namespace {

constexpr std::size_t kMostExamples = 4;  // of the same mistake

// Mistakes of one kind, told once with the PEs that have it.
class Mistakes {
 public:
  void add(PeAt at, const std::string& what) {
    std::vector<PeAt>& places = found_[what];
    if (places.size() <= kMostExamples) places.push_back(at);
    ++counts_[what];
  }
  void report(Problems& problems) const {
    for (const auto& [what, places] : found_) {
      std::string where;
      for (std::size_t i = 0; i < std::min(places.size(), kMostExamples); ++i)
        where += " " + to_string(places[i]);
      if (counts_.at(what) > kMostExamples)
        where += fmt::format(" and {} more", counts_.at(what) - kMostExamples);
      problems.add({}, "layout", what + " at PE" + where);
    }
  }

 private:
  std::map<std::string, std::vector<PeAt>> found_;
  std::map<std::string, std::size_t> counts_;
};

std::optional<PeAt> neighbour(PeAt at, Port port, GridSize grid) {
  switch (port) {
    case Port::north:
      return at.y == 0 ? std::nullopt : std::optional{PeAt{at.x, at.y - 1}};
    case Port::south:
      return at.y + 1 == grid.rows ? std::nullopt : std::optional{PeAt{at.x, at.y + 1}};
    case Port::east:
      return at.x + 1 == grid.columns ? std::nullopt : std::optional{PeAt{at.x + 1, at.y}};
    case Port::west:
      return at.x == 0 ? std::nullopt : std::optional{PeAt{at.x - 1, at.y}};
    case Port::ramp:
      return std::nullopt;
  }
  return std::nullopt;
}

struct RouteSummary {
  Ports takes;
  Ports gives;
};
RouteSummary summarize(const Route& route) {
  RouteSummary summary;
  for (const RoutePosition& position : route) {
    summary.takes = summary.takes | Ports{position.from};
    summary.gives = summary.gives | position.to;
  }
  return summary;
}

// Checks one plan; walks every PE of every color once.
class PlanCheck {
 public:
  PlanCheck(const MeshPlan& plan, Problems& problems) : plan_{plan}, problems_{problems} {
    for (const Route& route : plan.routes) summaries_.push_back(summarize(route));
    for (const Program& program : plan.programs) colors_.push_back(colors_of(program));
  }

  void run() {
    for (std::size_t i = 1; i < plan_.programs.size(); ++i) {
      for (std::string& fault : faults_of(plan_.programs[i], plan_.parameters))
        problems_.add({}, "layout", fault);
    }
    for (std::size_t c = 0; c < plan_.colors.size(); ++c) check_color(c);
    check_programs_have_routes();
    check_edge();
    mistakes_.report(problems_);
  }

 private:
  // What is beyond the link of a router: its neighbour's route, or the outside as the layout has drawn it.
  [[nodiscard]] RouteSummary beyond(std::size_t c, PeAt at, Port port) const {
    if (const auto other = neighbour(at, port, plan_.grid))
      return summaries_[plan_.route_maps[c][plan_.index_of(*other)]];
    const EdgeUse use{{at.y, port}, plan_.colors[c]};
    RouteSummary outside;
    if (std::binary_search(plan_.inputs.begin(), plan_.inputs.end(), use)) outside.gives = opposite(port);
    if (std::binary_search(plan_.outputs.begin(), plan_.outputs.end(), use)) outside.takes = opposite(port);
    return outside;
  }

  void check_edge() {
    const auto check = [&](const std::vector<EdgeUse>& uses, auto part, const char* fault) {
      for (const EdgeUse& use : uses) {
        const auto [row, side] = use.port;
        const PeAt at{side == Port::west ? 0 : static_cast<std::uint32_t>(plan_.grid.columns - 1), row};
        if ((route_at(use.color, plan_.index_of(at)).*part).contains(side)) continue;
        mistakes_.add(at, fmt::format(fmt::runtime(fault), number_of(use.color), name_of(side)));
      }
    };
    check(plan_.inputs, &RouteSummary::takes, "color {} comes in from the {}, where no router takes it");
    check(plan_.outputs, &RouteSummary::gives, "color {} goes out to the {}, where no router sends it");
  }

  void check_color(std::size_t c) {
    for (std::uint32_t y = 0; y < plan_.grid.rows; ++y) {
      for (std::uint32_t x = 0; x < plan_.grid.columns; ++x) check_router(c, {x, y});
    }
  }

  void check_router(std::size_t c, PeAt at) {
    const std::uint16_t route = plan_.route_maps[c][plan_.index_of(at)];
    if (route == 0) return;
    const int color = number_of(plan_.colors[c]);
    const RouteSummary& mine = summaries_[route];
    for (const Port port : kAllPorts) {
      if (port == Port::ramp) continue;
      const RouteSummary theirs = beyond(c, at, port);
      if (mine.gives.contains(port) && !theirs.takes.contains(opposite(port))) {
        mistakes_.add(
            at, fmt::format("color {} leaves to the {}, where no router takes it", color, name_of(port)));
      }
      if (mine.takes.contains(port) && !theirs.gives.contains(opposite(port))) {
        mistakes_.add(
            at, fmt::format("color {} is taken from the {}, where no router sends it", color, name_of(port)));
      }
    }
    const ProgramColors& used = colors_[plan_.program_map[plan_.index_of(at)]];
    if (mine.gives.contains(Port::ramp) && !used.read.contains(plan_.colors[c])) {
      mistakes_.add(at, fmt::format("color {} goes down the ramp, but the program does not read it", color));
    }
    if (mine.takes.contains(Port::ramp) && !used.written.contains(plan_.colors[c])) {
      mistakes_.add(at,
                    fmt::format("color {} is taken from the ramp, but the program does not write it", color));
    }
  }

  void check_programs_have_routes() {
    for (std::size_t i = 0; i < plan_.program_map.size(); ++i) {
      const std::uint16_t program = plan_.program_map[i];
      if (program == 0) continue;
      const PeAt at{static_cast<std::uint32_t>(i % plan_.grid.columns),
                    static_cast<std::uint32_t>(i / plan_.grid.columns)};
      for (const Color color : colors_[program].read) {
        if (!route_at(color, i).gives.contains(Port::ramp)) {
          mistakes_.add(at,
                        fmt::format("the program reads color {}, but no route brings it", number_of(color)));
        }
      }
      for (const Color color : colors_[program].written) {
        if (!route_at(color, i).takes.contains(Port::ramp)) {
          mistakes_.add(at,
                        fmt::format("the program writes color {}, but no route takes it", number_of(color)));
        }
      }
    }
  }

  [[nodiscard]] RouteSummary route_at(Color color, std::size_t pe) const {
    const auto found = std::lower_bound(plan_.colors.begin(), plan_.colors.end(), color);
    if (found == plan_.colors.end() || *found != color) return {};
    return summaries_[plan_.route_maps[static_cast<std::size_t>(found - plan_.colors.begin())][pe]];
  }

  const MeshPlan& plan_;
  Problems& problems_;
  std::vector<RouteSummary> summaries_;
  std::vector<ProgramColors> colors_;
  Mistakes mistakes_;
};

template <class Visit>
void for_each_pe(const Rectangle& where, Visit&& visit) {
  for (std::uint32_t y = where.y; y < where.y + where.height; y += where.step_y) {
    for (std::uint32_t x = where.x; x < where.x + where.width; x += where.step_x) visit(PeAt{x, y});
  }
}

std::string describe(const Rectangle& where) {
  return fmt::format("{}x{} at ({},{})", where.width, where.height, where.x, where.y);
}

}  // namespace

Layout::Layout(GridSize grid, const MeshParameters& parameters) {
  plan_.grid = grid;
  plan_.parameters = parameters;
  plan_.program_map.assign(grid.columns * grid.rows, 0);
}

bool Layout::covers(const Rectangle& where, const std::string& what) {
  if (where.width == 0 || where.height == 0 || where.step_x == 0 || where.step_y == 0) {
    problems_.add({}, "layout", what + ": the rectangle " + describe(where) + " is empty");
    return false;
  }
  if (std::uint64_t{where.x} + where.width > plan_.grid.columns ||
      std::uint64_t{where.y} + where.height > plan_.grid.rows) {
    problems_.add({}, "layout",
                  what + ": the rectangle " + describe(where) + " leaves the grid of " + spell(plan_.grid));
    return false;
  }
  return true;
}

std::vector<std::uint16_t>& Layout::map_of(Color color) {
  const auto place = std::lower_bound(plan_.colors.begin(), plan_.colors.end(), color);
  const auto index = place - plan_.colors.begin();
  if (place == plan_.colors.end() || *place != color) {
    plan_.colors.insert(place, color);
    plan_.route_maps.insert(plan_.route_maps.begin() + index,
                            std::vector<std::uint16_t>(plan_.program_map.size()));
  }
  return plan_.route_maps[static_cast<std::size_t>(index)];
}

Layout& Layout::route(Color color, const Rectangle& where, const Route& route) {
  const std::string what = fmt::format("color {}", number_of(color));
  if (!covers(where, what)) return *this;
  if (number_of(color) >= plan_.parameters.colors) {
    problems_.add({}, "layout",
                  fmt::format("{}: there are {} colors, 0 to {}", what, plan_.parameters.colors,
                              plan_.parameters.colors - 1));
    return *this;
  }
  if (route.empty() || route.size() > plan_.parameters.switch_positions) {
    problems_.add({}, "layout",
                  fmt::format("{}: a route has 1 to {} positions, got {}", what,
                              plan_.parameters.switch_positions, route.size()));
    return *this;
  }
  for (const RoutePosition& position : route) {
    if (position.to.empty()) problems_.add({}, "layout", what + ": a route into nowhere: no output at all");
    if (position.to.contains(position.from)) {
      problems_.add({}, "layout",
                    fmt::format("{}: a route turns back to the {}", what, name_of(position.from)));
    }
  }
  const auto known = std::find(plan_.routes.begin() + 1, plan_.routes.end(), route);
  const auto index = static_cast<std::uint16_t>(known - plan_.routes.begin());
  if (known == plan_.routes.end()) plan_.routes.push_back(route);
  std::vector<std::uint16_t>& map = map_of(color);
  std::optional<PeAt> twice;
  for_each_pe(where, [&](PeAt at) {
    std::uint16_t& cell = map[plan_.index_of(at)];
    if (cell != 0 && !twice) twice = at;
    cell = index;
  });
  if (twice) problems_.add({}, "layout", fmt::format("{} is used twice at PE {}", what, to_string(*twice)));
  return *this;
}

Layout& Layout::program(const Rectangle& where, Program program) {
  return program_on_all(std::span{&where, 1}, std::move(program));
}

Layout& Layout::program_on_all(std::span<const Rectangle> where, Program program) {
  if (plan_.programs.size() > std::numeric_limits<std::uint16_t>::max()) {
    problems_.add({}, "layout", "more than 65535 programs on one grid");
    return *this;
  }
  const auto index = static_cast<std::uint16_t>(plan_.programs.size());
  std::optional<PeAt> twice;
  std::string earlier;
  for (const Rectangle& rectangle : where) {
    if (!covers(rectangle, "program '" + program.name + "'")) return *this;
    for_each_pe(rectangle, [&](PeAt at) {
      std::uint16_t& cell = plan_.program_map[plan_.index_of(at)];
      if (cell != 0 && !twice) {
        twice = at;
        earlier = cell == index ? program.name : plan_.programs[cell].name;
      }
      cell = index;
    });
  }
  if (twice) {
    problems_.add(
        {}, "layout",
        fmt::format("PE {} is given two programs, '{}' and '{}'", to_string(*twice), earlier, program.name));
  }
  plan_.programs.push_back(std::move(program));
  return *this;
}

void Layout::use_edge(std::vector<EdgeUse>& uses, Color color, const Rectangle& where, Port side) {
  const std::string what = fmt::format("color {} at the {} edge", number_of(color), name_of(side));
  if (side != Port::west && side != Port::east) {
    problems_.add({}, "layout", what + ": wavelets cross the edge in the west and in the east only");
    return;
  }
  if (!covers(where, what)) return;
  const std::uint64_t column = side == Port::west ? 0 : plan_.grid.columns - 1;
  for_each_pe(where, [&](PeAt at) {
    const EdgeUse use{{at.y, side}, color};
    const auto place = std::lower_bound(uses.begin(), uses.end(), use);
    if (at.x != column) {
      problems_.add({}, "layout", fmt::format("{}: PE {} is not there", what, to_string(at)));
    } else if (place != uses.end() && *place == use) {
      problems_.add({}, "layout", fmt::format("{} is used twice at PE {}", what, to_string(at)));
    } else {
      uses.insert(place, use);
    }
  });
}

Layout& Layout::input(Color color, const Rectangle& where, Port side) {
  use_edge(plan_.inputs, color, where, side);
  return *this;
}

Layout& Layout::output(Color color, const Rectangle& where, Port side) {
  use_edge(plan_.outputs, color, where, side);
  return *this;
}

MeshPlan Layout::build() const {
  Problems problems = problems_;
  problems.throw_if_any();
  PlanCheck{plan_, problems}.run();
  problems.throw_if_any();
  return plan_;
}

}  // namespace wafersim
