// Finds runs by comparing rows, and refuses those about which a few rows prove nothing.
#include "runs.hpp"

#include <algorithm>
#include <set>

namespace wafersim {
namespace {

bool leads_north(const Route& route) {
  return std::any_of(route.begin(), route.end(), [](const RoutePosition& position) {
    return position.from == Port::south || position.to.contains(Port::north);
  });
}
bool comes_from_north_only(const Route& route) {
  return std::all_of(route.begin(), route.end(),
                     [](const RoutePosition& position) { return position.from == Port::north; });
}

bool writes(const Program& program, std::uint8_t reg) {
  for (const Task& task : program.tasks) {
    for (const Instruction& instruction : task.body) {
      const auto* vector = std::get_if<VectorInstruction>(&instruction);
      const auto* to = vector == nullptr ? nullptr : std::get_if<Register>(&vector->to);
      if (to != nullptr && to->index == reg) return true;
    }
  }
  return false;
}

// Where the addresses of a program come from.
struct Steering {
  bool by_results = false;  // of its own instructions
  std::set<Color> colors;   // or by wavelets
};
Steering steering_of(const Program& program) {
  Steering result;
  for (const Task& task : program.tasks) {
    for (const Instruction& instruction : task.body) {
      const auto* vector = std::get_if<VectorInstruction>(&instruction);
      if (vector == nullptr || !vector->displaced) continue;
      const std::uint8_t reg = vector->displaced->index;
      result.by_results |= writes(program, reg);
      if (reg != kWaveletRegister) continue;
      for (const Task& starter : program.tasks) {
        if (starter.started_by) result.colors.insert(*starter.started_by);
      }
    }
  }
  return result;
}

class RunFinder {
 public:
  explicit RunFinder(const MeshPlan& band)
      : band_{band}, width_{band.grid.columns}, programs_{band.program_map} {
    const std::vector<std::uint16_t> first = first_equals(band.programs);
    for (std::uint16_t& program : programs_) program = first[program];
    for (const Program& program : band.programs) steering_.push_back(steering_of(program));
    std::set<Color> colors;
    for (const std::uint16_t program : programs_)
      colors.insert(steering_[program].colors.begin(), steering_[program].colors.end());
    for (const Color color : band.colors) steering_colors_.push_back(colors.contains(color));
  }

  RowRuns find(std::uint32_t least) const {
    RowRuns result{.runs = {}, .steering_colors = steering_colors_};
    for (std::uint32_t y = provable_from(); y < band_.grid.rows;) {
      const RowRun run = run_from(y, least);
      if (run.rows > 0) result.runs.push_back(run);
      y += std::max(run.rows, 1U);
    }
    return result;
  }

 private:
  template <class Visit>
  [[nodiscard]] bool all_routes(std::uint32_t y, std::size_t color, const Visit& visit) const {
    const auto begin = band_.route_maps[color].begin() + static_cast<std::ptrdiff_t>(y * width_);
    return std::all_of(begin, begin + static_cast<std::ptrdiff_t>(width_),
                       [&](std::uint16_t route) { return route == 0 || visit(band_.routes[route]); });
  }

  [[nodiscard]] RowRun run_from(std::uint32_t y, std::uint32_t least) const {
    constexpr std::uint32_t kLongestPeriod = 2;
    for (std::uint32_t period = 1; period <= kLongestPeriod; ++period) {
      std::uint32_t end = y + period;
      while (end < band_.grid.rows && agree(end - period, end)) ++end;
      if (end == band_.grid.rows) end -= std::min(end - y, period);
      const std::uint32_t rows = (end - y) / period * period;
      if (rows >= least * period) return {y, rows, period};
    }
    return {y, 0, 1};
  }

  // The first row from which on nothing stands against copies.
  [[nodiscard]] std::uint32_t provable_from() const {
    auto y = static_cast<std::uint32_t>(band_.grid.rows);
    while (y > 0 && is_provable(y - 1)) --y;
    return y;
  }
  [[nodiscard]] bool is_provable(std::uint32_t y) const {
    for (const EdgeUse& use : band_.inputs) {
      if (use.port.row == y) return false;
    }
    for (std::size_t x = 0; x < width_; ++x) {
      if (steering_[programs_[y * width_ + x]].by_results) return false;
    }
    for (std::size_t color = 0; color < band_.colors.size(); ++color) {
      if (!all_routes(y, color, [](const Route& route) { return !leads_north(route); })) return false;
      if (steering_colors_[color] && !all_routes(y, color, comes_from_north_only)) return false;
    }
    return true;
  }

  [[nodiscard]] bool agree(std::uint32_t a, std::uint32_t b) const {
    const auto equal = [&](const std::vector<std::uint16_t>& map) {
      return std::equal(map.begin() + static_cast<std::ptrdiff_t>(a * width_),
                        map.begin() + static_cast<std::ptrdiff_t>((a + 1) * width_),
                        map.begin() + static_cast<std::ptrdiff_t>(b * width_));
    };
    return equal(programs_) && std::all_of(band_.route_maps.begin(), band_.route_maps.end(), equal);
  }

  const MeshPlan& band_;
  std::size_t width_;
  std::vector<std::uint16_t> programs_;  // PE -> the first program like its own
  std::vector<Steering> steering_;       // by program
  std::vector<bool> steering_colors_;
};

}  // namespace

RowRuns find_runs(const MeshPlan& band, std::uint32_t least) {
  return RunFinder{band}.find(least);
}

// Layouts with very many programs are not searched: what is painted twice then counts as different, which
// costs time, not truth.
std::vector<std::uint16_t> first_equals(const std::vector<Program>& programs) {
  constexpr std::size_t kMostSearched = 4096;
  std::vector<std::uint16_t> first(programs.size());
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const auto end = programs.begin() + static_cast<std::ptrdiff_t>(i);
    const auto equal = programs.size() > kMostSearched ? end : std::find(programs.begin(), end, programs[i]);
    first[i] = static_cast<std::uint16_t>(equal - programs.begin());
  }
  return first;
}

bool uses(const Route& route, Port port) {
  return std::any_of(route.begin(), route.end(), [port](const RoutePosition& position) {
    return position.from == port || position.to.contains(port);
  });
}

MeshPlan plan_of_rows(const MeshPlan& whole, const std::vector<std::uint32_t>& rows) {
  MeshPlan part{.grid = {whole.grid.columns, rows.size()},
                .parameters = whole.parameters,
                .routes = whole.routes,
                .programs = whole.programs,
                .colors = whole.colors,
                .route_maps = std::vector<std::vector<std::uint16_t>>(whole.route_maps.size()),
                .program_map = {},
                .inputs = {},
                .outputs = {}};
  for (std::uint32_t y = 0; y < rows.size(); ++y) {
    const auto copy = [&](const std::vector<std::uint16_t>& from, std::vector<std::uint16_t>& to) {
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>(rows[y] * whole.grid.columns);
      to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(whole.grid.columns));
    };
    for (std::size_t i = 0; i < whole.route_maps.size(); ++i) copy(whole.route_maps[i], part.route_maps[i]);
    copy(whole.program_map, part.program_map);
    for (const auto& [from, to] : {std::pair{&whole.inputs, &part.inputs}, {&whole.outputs, &part.outputs}}) {
      for (EdgeUse use : *from) {
        if (use.port.row != rows[y]) continue;
        use.port.row = y;
        to->push_back(use);
      }
    }
  }
  return part;
}

}  // namespace wafersim
