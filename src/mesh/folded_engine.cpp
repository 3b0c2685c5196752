// One fast engine for all classes with equally many members, so that its counts stand for that many grids;
// tall bands have one of their own, which folds their rows, too.
#include <algorithm>
#include <map>
#include <stdexcept>

#include "wafersim/mesh/fold.hpp"

#include "fold_plan.hpp"
#include "folded_band.hpp"

namespace wafersim {
namespace {

// The plan with these bands alone, one below the other; no route passes between them.
MeshPlan plan_of(const MeshPlan& whole, const std::vector<const BandClass*>& classes) {
  std::vector<std::uint32_t> rows;
  for (const BandClass* band : classes) {
    for (std::uint32_t i = 0; i < band->rows; ++i) rows.push_back(band->members.front() + i);
  }
  return plan_of_rows(whole, rows);
}

class FoldedEngine final : public MeshEngine {
 public:
  FoldedEngine(MeshPlan plan, const FastEngineOptions& options)
      : plan_{std::move(plan)}, places_(plan_.grid.rows) {
    const std::vector<BandClass> classes = fold_rows(plan_);
    std::map<std::size_t, std::vector<const BandClass*>> by_members;
    for (const BandClass& it : classes) {
      if (it.rows > kFirstPeriods) {
        add_part({&it}, make_folded_band(plan_of(plan_, {&it}), options));
      } else {
        by_members[it.members.size()].push_back(&it);
      }
    }
    for (const auto& [members, same] : by_members)
      add_part(same, make_fast_engine(plan_of(plan_, same), options));
  }

  void write_memory(PeAt at, std::uint32_t address, std::span<const std::uint32_t> words) override {
    if (keeps_values(at)) engine_of(at.y).write_memory(folded(at), address, words);
  }
  [[nodiscard]] std::vector<std::uint32_t> read_memory(PeAt at, std::uint32_t address,
                                                       std::uint32_t words) const override {
    if (!keeps_values(at)) throw std::logic_error{"a folded engine has no values of PE " + to_string(at)};
    return engine_of(at.y).read_memory(folded(at), address, words);
  }
  [[nodiscard]] bool keeps_values(PeAt at) const override {
    return places_[at.y].represents && engine_of(at.y).keeps_values(folded(at));
  }
  [[nodiscard]] std::uint64_t rows_run() const override {
    std::uint64_t rows = 0;
    for (const Part& part : parts_) rows += part.engine->rows_run();
    return rows;
  }

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

  // An engine for the representatives of classes with equally many members.
  void add_part(const std::vector<const BandClass*>& classes, std::unique_ptr<MeshEngine> engine) {
    std::uint32_t row = 0;
    for (const BandClass* band : classes) {
      for (const std::uint32_t first : band->members) {
        for (std::uint32_t i = 0; i < band->rows; ++i)
          places_[first + i] = {parts_.size(), row + i, first == band->members.front()};
      }
      row += band->rows;
    }
    parts_.push_back({std::move(engine), classes.front()->members.size()});
  }

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

std::uint64_t rows_tried_first(const MeshPlan& plan) {
  std::uint64_t rows = 0;
  for (const BandClass& band : fold_rows(plan)) {
    rows += band.rows;
    if (band.rows <= kFirstPeriods) continue;
    for (const RowRun& run : find_runs(plan_of(plan, {&band}), kFirstPeriods + 1).runs)
      rows -= run.rows - kFirstPeriods * run.period;
  }
  return rows;
}

std::unique_ptr<MeshEngine> make_folded_engine(MeshPlan plan, const FastEngineOptions& options) {
  return std::make_unique<FoldedEngine>(std::move(plan), options);
}

}  // namespace wafersim
