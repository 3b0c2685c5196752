// One fast engine for all classes with equally many members, so that its counts stand for that many grids.
#include <algorithm>
#include <map>
#include <stdexcept>

#include "wafersim/mesh/fold.hpp"

namespace wafersim {
namespace {

// The plan with these bands alone, one below the other; no route passes between them.
MeshPlan plan_of(const MeshPlan& whole, const std::vector<const BandClass*>& classes) {
  MeshPlan part{.grid = {whole.grid.columns, 0},
                .parameters = whole.parameters,
                .routes = whole.routes,
                .programs = whole.programs,
                .colors = whole.colors,
                .route_maps = std::vector<std::vector<std::uint16_t>>(whole.route_maps.size()),
                .program_map = {},
                .inputs = {},
                .outputs = {}};
  for (const BandClass* band : classes) {
    const std::uint32_t first = band->members.front();
    const auto copy = [&](const std::vector<std::uint16_t>& from, std::vector<std::uint16_t>& to) {
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>(first * whole.grid.columns);
      to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(band->rows * whole.grid.columns));
    };
    for (std::size_t i = 0; i < whole.route_maps.size(); ++i) copy(whole.route_maps[i], part.route_maps[i]);
    copy(whole.program_map, part.program_map);
    for (const auto& [from, to] : {std::pair{&whole.inputs, &part.inputs}, {&whole.outputs, &part.outputs}}) {
      for (EdgeUse use : *from) {
        if (use.port.row < first || use.port.row >= first + band->rows) continue;
        use.port.row += static_cast<std::uint32_t>(part.grid.rows) - first;
        to->push_back(use);
      }
    }
    part.grid.rows += band->rows;
  }
  return part;
}

class FoldedEngine final : public MeshEngine {
 public:
  FoldedEngine(MeshPlan plan, const FastEngineOptions& options)
      : plan_{std::move(plan)}, places_(plan_.grid.rows) {
    const std::vector<BandClass> classes = fold_rows(plan_);
    std::map<std::size_t, std::vector<const BandClass*>> by_members;
    for (const BandClass& it : classes) by_members[it.members.size()].push_back(&it);
    for (const auto& [members, same] : by_members) {
      std::uint32_t row = 0;
      for (const BandClass* band : same) {
        for (const std::uint32_t first : band->members) {
          for (std::uint32_t i = 0; i < band->rows; ++i)
            places_[first + i] = {parts_.size(), row + i, first == band->members.front()};
        }
        row += band->rows;
      }
      parts_.push_back({make_fast_engine(plan_of(plan_, same), options), members});
    }
  }

  void write_memory(PeAt at, std::uint32_t address, std::span<const std::uint32_t> words) override {
    if (keeps_values(at)) engine_of(at.y).write_memory(folded(at), address, words);
  }
  [[nodiscard]] std::vector<std::uint32_t> read_memory(PeAt at, std::uint32_t address,
                                                       std::uint32_t words) const override {
    if (!keeps_values(at)) throw std::logic_error{"a folded engine has no values of PE " + to_string(at)};
    return engine_of(at.y).read_memory(folded(at), address, words);
  }
  [[nodiscard]] bool keeps_values(PeAt at) const override { return places_[at.y].represents; }

  MeshOutcome advance(Cycles until) override {
    MeshOutcome whole{MeshStatus::finished, Cycles{0}};
    for (const Part& part : parts_) {
      const MeshOutcome outcome = part.engine->advance(until);
      if (outcome.status == MeshStatus::interrupted) return outcome;
      // Running outweighs stuck, stuck outweighs finished.
      const bool stronger = outcome.status == MeshStatus::running || whole.status == MeshStatus::finished;
      if (stronger) whole.status = outcome.status;
      whole.cycles = std::max(whole.cycles, outcome.cycles);
    }
    return whole;
  }
  [[nodiscard]] Cycles now() const override {
    Cycles latest{0};
    for (const Part& part : parts_) latest = std::max(latest, part.engine->now());
    return latest;
  }

  [[nodiscard]] std::vector<EdgeWavelet> outside(EdgePort port) const override {
    return engine_of(port.row).outside(folded(port));
  }
  [[nodiscard]] std::vector<Cycles> take_crossings(EdgePort port) override {
    return engine_of(port.row).take_crossings(folded(port));
  }
  [[nodiscard]] std::vector<EdgeWavelet> take_departures(EdgePort port) override {
    return engine_of(port.row).take_departures(folded(port));
  }

  [[nodiscard]] MeshCounts counts() const override {
    MeshCounts sum;
    for (const Part& part : parts_) {
      const MeshCounts once = part.engine->counts();
      for (std::size_t i = 0; i < part.members; ++i) sum += once;
    }
    return sum;
  }
  [[nodiscard]] PeActivity activity(PeAt at) const override { return engine_of(at.y).activity(folded(at)); }
  [[nodiscard]] PeState state(PeAt at) const override { return engine_of(at.y).state(folded(at)); }
  [[nodiscard]] Bytes state_bytes() const override {
    Bytes sum{0};
    for (const Part& part : parts_) sum += part.engine->state_bytes();
    return sum;
  }
  [[nodiscard]] const MeshPlan& plan() const override { return plan_; }

 private:
  struct Part {
    std::unique_ptr<MeshEngine> engine;
    std::size_t members{};
  };
  struct Place {
    std::size_t part{};
    std::uint32_t row{};
    bool represents = false;
  };

  void line_up(EdgePort port, std::span<const EdgeWavelet> wavelets) override {
    engine_of(port.row).inject(folded(port), wavelets);
  }
  [[nodiscard]] MeshEngine& engine_of(std::uint32_t row) const { return *parts_[places_[row].part].engine; }
  [[nodiscard]] PeAt folded(PeAt at) const { return {at.x, places_[at.y].row}; }
  [[nodiscard]] EdgePort folded(EdgePort port) const { return {places_[port.row].row, port.side}; }

  MeshPlan plan_;
  std::vector<Part> parts_;
  std::vector<Place> places_;  // by row of the whole grid
};

}  // namespace

std::unique_ptr<MeshEngine> make_folded_engine(MeshPlan plan, const FastEngineOptions& options) {
  return std::make_unique<FoldedEngine>(std::move(plan), options);
}

}  // namespace wafersim
