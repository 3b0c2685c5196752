// Finds the classes by comparing bands, PE by PE.
#include "wafersim/mesh/fold.hpp"

#include <algorithm>
#include <map>
#include <variant>

#include "runs.hpp"

namespace wafersim {
namespace {

// A vector that begins where a value says may or may not meet a bank conflict; a filter sends what is not
// zero.
bool timing_looks_at_values(const Program& program) {
  for (const Task& task : program.tasks) {
    for (const Instruction& instruction : task.body) {
      const auto* vector = std::get_if<VectorInstruction>(&instruction);
      if (vector == nullptr) continue;
      const auto* out = std::get_if<FabricOutput>(&vector->to);
      if (vector->displaced || (out != nullptr && out->skips_zeros)) return true;
    }
  }
  return false;
}

class Folding {
 public:
  explicit Folding(const MeshPlan& plan)
      : plan_{plan}, width_{plan.grid.columns}, programs_{plan.program_map} {
    const std::vector<std::uint16_t> first = first_equals(plan.programs);
    for (std::uint16_t& program : programs_) program = first[program];
    for (const Route& route : plan.routes) {
      to_north_.push_back(uses(route, Port::north));
      to_south_.push_back(uses(route, Port::south));
    }
    for (const Program& program : plan.programs) looks_at_values_.push_back(timing_looks_at_values(program));
    for (const auto* edge : {&plan.inputs, &plan.outputs}) {
      for (const EdgeUse& use : *edge) edge_rows_.push_back(use.port.row);
    }
  }

  std::vector<BandClass> run() {
    std::vector<BandClass> classes;
    std::multimap<std::uint64_t, std::size_t> known;  // fingerprint of the representative
    for (std::uint32_t y = 0; y < plan_.grid.rows;) {
      std::uint32_t rows = 1;
      while (y + rows < plan_.grid.rows && is_tied_to_next(y + rows - 1)) ++rows;
      if (!joins_a_class(classes, known, y, rows)) classes.push_back({rows, {y}});
      y += rows;
    }
    return classes;
  }

 private:
  bool joins_a_class(std::vector<BandClass>& classes, std::multimap<std::uint64_t, std::size_t>& known,
                     std::uint32_t y, std::uint32_t rows) const {
    if (stands_alone(y, rows)) return false;
    const std::uint64_t print = fingerprint(y, rows);
    const auto [first, last] = known.equal_range(print);
    for (auto it = first; it != last; ++it) {
      BandClass& found = classes[it->second];
      if (found.rows != rows || !agree(found.members.front(), y, rows)) continue;
      found.members.push_back(y);
      return true;
    }
    known.emplace(print, classes.size());
    return false;
  }

  template <class Flags>
  [[nodiscard]] bool some_route(std::uint32_t y, const Flags& flags) const {
    return std::any_of(plan_.route_maps.begin(), plan_.route_maps.end(), [&](const auto& map) {
      return std::any_of(map.begin() + y * width_, map.begin() + (y + 1) * width_,
                         [&](std::uint16_t route) { return flags[route]; });
    });
  }
  [[nodiscard]] bool is_tied_to_next(std::uint32_t y) const {
    return some_route(y, to_south_) || some_route(y + 1, to_north_);
  }

  [[nodiscard]] bool stands_alone(std::uint32_t y, std::uint32_t rows) const {
    const bool fed = std::any_of(edge_rows_.begin(), edge_rows_.end(),
                                 [&](std::uint32_t row) { return row >= y && row < y + rows; });
    return fed || std::any_of(programs_.begin() + y * width_, programs_.begin() + (y + rows) * width_,
                              [&](std::uint16_t program) { return looks_at_values_[program]; });
  }

  // Routes by color and programs, of a stretch of rows.
  template <class Visit>
  void for_each_map(const Visit& visit) const {
    for (const auto& map : plan_.route_maps) visit(map);
    visit(programs_);
  }
  [[nodiscard]] std::uint64_t fingerprint(std::uint32_t y, std::uint32_t rows) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
    for_each_map([&](const std::vector<std::uint16_t>& map) {
      for (std::size_t i = y * width_; i < (y + rows) * width_; ++i)
        hash = (hash ^ map[i]) * 0x100000001b3ULL;
    });
    return hash;
  }
  [[nodiscard]] bool agree(std::uint32_t a, std::uint32_t b, std::uint32_t rows) const {
    bool equal = true;
    for_each_map([&](const std::vector<std::uint16_t>& map) {
      equal = equal && std::equal(map.begin() + a * width_, map.begin() + (a + rows) * width_,
                                  map.begin() + b * width_);
    });
    return equal;
  }

  const MeshPlan& plan_;
  std::size_t width_;
  std::vector<std::uint16_t> programs_;    // PE -> the first program like its own
  std::vector<bool> to_north_, to_south_;  // by route
  std::vector<bool> looks_at_values_;      // by program
  std::vector<std::uint32_t> edge_rows_;
};

}  // namespace

std::vector<BandClass> fold_rows(const MeshPlan& plan) {
  return Folding{plan}.run();
}

}  // namespace wafersim
