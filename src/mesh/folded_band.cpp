// Tries with few rows, looks whether they prove the others, and puts the answers together.
#include "folded_band.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "mesh/fast/row_engine.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kCyclesPerLook = 16'384;

class FoldedBand final : public MeshEngine {
 public:
  FoldedBand(MeshPlan band, FastEngineOptions options)
      : band_{std::move(band)}, options_{std::move(options)} {
    RowRuns found = find_runs(band_, kFirstPeriods + 1);
    by_value_ = std::move(found.steering_colors);
    for (const RowRun& run : found.runs) runs_.push_back({run, kFirstPeriods * run.period});
    rows_with_values_ = runs_.empty() ? static_cast<std::uint32_t>(band_.grid.rows)
                                      : runs_.front().run.first + runs_.front().kept;
    build();
  }

  void write_memory(PeAt at, std::uint32_t address, std::span<const std::uint32_t> words) override {
    if (!keeps_values(at)) return;
    if (may_start_over()) writes_.push_back({at, address, {words.begin(), words.end()}});
    engine_->write_memory(model_of(at), address, words);
  }
  [[nodiscard]] std::vector<std::uint32_t> read_memory(PeAt at, std::uint32_t address,
                                                       std::uint32_t words) const override {
    if (!keeps_values(at)) throw std::logic_error{"a folded engine has no values of PE " + to_string(at)};
    return engine_->read_memory(model_of(at), address, words);
  }
  [[nodiscard]] bool keeps_values(PeAt at) const override { return at.y < rows_with_values_; }
  [[nodiscard]] std::uint64_t rows_run() const override { return engine_->rows_run(); }

  MeshOutcome advance(Cycles until) override {
    if (!begun_ && until != Cycles::max()) unfold();
    begun_ = true;
    const MeshOutcome outcome = runs_are_folded() ? run_folded() : engine_->advance(until);
    if (outcome.status == MeshStatus::interrupted)
      return outcome;  // the rest may still show that more rows are needed
    writes_.clear();
    injections_.clear();
    return outcome;
  }
  [[nodiscard]] Cycles now() const override { return engine_->now() + Cycles{late_by(last_row())}; }

  [[nodiscard]] std::vector<EdgeWavelet> outside(EdgePort port) const override {
    return engine_->outside(model_of(port));
  }
  [[nodiscard]] std::vector<Cycles> take_crossings(EdgePort port) override {
    return engine_->take_crossings(model_of(port));  // rows below a run have none
  }
  [[nodiscard]] std::vector<EdgeWavelet> take_departures(EdgePort port) override {
    const EdgePort model = model_of(port);
    std::vector<EdgeWavelet> left = engine_->take_departures(model);
    if (!runs_are_folded()) return left;
    std::vector<EdgeWavelet>& all = departures_[model];
    all.insert(all.end(), left.begin(), left.end());
    std::size_t& taken = taken_[port];
    std::vector<EdgeWavelet> result(all.begin() + static_cast<std::ptrdiff_t>(taken), all.end());
    taken = all.size();
    for (EdgeWavelet& wavelet : result) wavelet.cycle = Cycles{moved(port.row, wavelet.cycle.count())};
    return result;
  }

  [[nodiscard]] MeshCounts counts() const override {
    MeshCounts sum;
    for (std::uint32_t y = 0; y < band_.grid.rows; ++y) sum += engine_->record(models_[y]).counts;
    return sum;
  }
  [[nodiscard]] PeActivity activity(PeAt at) const override {
    PeActivity result = engine_->activity(model_of(at));
    result.first_start = moved(at.y, result.first_start);
    result.last_end = moved(at.y, result.last_end);
    return result;
  }
  [[nodiscard]] PeState state(PeAt at) const override { return engine_->state(model_of(at)); }
  [[nodiscard]] Bytes state_bytes() const override { return engine_->state_bytes(); }
  [[nodiscard]] const MeshPlan& plan() const override { return band_; }

 private:
  struct Fold {
    RowRun run;
    std::uint32_t kept{};   // rows, a multiple of the period
    std::uint64_t delay{};  // of a period after the one above it, once it is known
    std::size_t comparison{};
    [[nodiscard]] bool leaves_out() const { return kept < run.rows; }
    [[nodiscard]] std::uint32_t end() const { return run.first + run.rows; }
    [[nodiscard]] std::uint32_t last_kept() const { return run.first + kept - 1; }
    // The first row of the last period that is kept: the model of those left out.
    [[nodiscard]] std::uint32_t model() const { return run.first + kept - run.period; }
  };
  struct Write {
    PeAt at;
    std::uint32_t address{};
    std::vector<std::uint32_t> words;
  };

  void line_up(EdgePort port, std::span<const EdgeWavelet> wavelets) override {
    if (begun_ && runs_are_folded())
      throw std::logic_error{"nothing can be injected after a folded run; use the wavelet engine"};
    if (may_start_over()) injections_.push_back({port, {wavelets.begin(), wavelets.end()}});
    engine_->inject(model_of(port), wavelets);
  }

  [[nodiscard]] PeAt model_of(PeAt at) const { return {at.x, models_[at.y]}; }
  [[nodiscard]] EdgePort model_of(EdgePort port) const { return {models_[port.row], port.side}; }
  [[nodiscard]] std::uint32_t last_row() const { return static_cast<std::uint32_t>(band_.grid.rows) - 1; }
  [[nodiscard]] bool runs_are_folded() const {
    return std::any_of(runs_.begin(), runs_.end(), [](const Fold& fold) { return fold.leaves_out(); });
  }

  // With more rows, all that has been written and injected is needed again.
  [[nodiscard]] bool may_start_over() const { return !begun_ && runs_are_folded(); }

  // An engine of the rows that are kept, with all that it was told before.
  void build() {
    models_.clear();
    std::vector<std::uint32_t> rows;
    auto fold = runs_.begin();
    for (std::uint32_t y = 0; y < band_.grid.rows; ++y) {
      while (fold != runs_.end() && y >= fold->end()) ++fold;
      if (fold != runs_.end() && y > fold->last_kept()) {
        models_.push_back(models_[y - fold->run.period]);
        continue;
      }
      models_.push_back(static_cast<std::uint32_t>(rows.size()));
      rows.push_back(y);
    }
    engine_ = fast::make_row_engine(plan_of_rows(band_, rows), options_);
    comparisons_.clear();
    for (Fold& it : runs_) {
      if (!it.leaves_out()) continue;
      comparisons_.push_back(std::make_unique<fast::LinkComparison>(by_value_));
      it.comparison = comparisons_.size() - 1;
      engine_->compare(models_[it.model()], models_[it.end()], *comparisons_.back());
    }
    for (const Write& write : writes_) engine_->write_memory(model_of(write.at), write.address, write.words);
    for (const auto& [port, wavelets] : injections_) engine_->inject(model_of(port), wavelets);
  }
  void unfold() {
    if (!runs_are_folded()) return;
    for (Fold& fold : runs_) fold.kept = fold.run.rows;
    build();
  }

  MeshOutcome run_folded() {
    while (runs_are_folded()) {
      const MeshOutcome outcome = engine_->advance(engine_->now() + Cycles{kCyclesPerLook});
      if (outcome.status == MeshStatus::interrupted) return outcome;
      const bool ended = outcome.status != MeshStatus::running;
      if (Fold* const fold = unproven(ended); fold != nullptr) {
        fold->kept = std::min(fold->run.rows, 2 * fold->kept);
        build();
      } else if (ended) {
        return {outcome.status, Cycles{end_of_all()}};
      }
    }
    return engine_->run();
  }

  // A run whose rows so far do not stand for the others; null if there is none.
  [[nodiscard]] Fold* unproven(bool ended) {
    Fold* above = nullptr;  // the last run that leaves rows out, down to here
    for (Fold& fold : runs_) {
      if (!fold.leaves_out()) continue;
      if (above != nullptr && !are_reached_at_rest(above->last_kept(), fold.model())) return above;
      above = &fold;
      const fast::LinkComparison& comparison = *comparisons_[fold.comparison];
      if (!comparison.equal() || (ended && !comparison.complete())) return &fold;
      fold.delay = comparison.delay();
      if (!are_reached_at_rest(fold.model(), fold.last_kept())) return &fold;
    }
    return above != nullptr && !are_reached_at_rest(above->last_kept(), last_row()) ? above : nullptr;
  }
  // Rows were at rest when the first wavelet came, and each later than the one above it; of the first row
  // only the former.
  [[nodiscard]] bool are_reached_at_rest(std::uint32_t first, std::uint32_t last) const {
    std::optional<std::uint64_t> before;
    for (std::uint32_t model = models_[first]; model <= models_[last]; ++model) {
      const fast::RowRecord record = engine_->record(model);
      const bool late = model == models_[first] || (before && record.first_arrival > before);
      if (record.first_arrival && (!record.was_at_rest || !late)) return false;
      before = record.first_arrival;
    }
    return true;
  }

  // By how much a row comes later than its model.
  [[nodiscard]] std::uint64_t late_by(std::uint32_t y) const {
    std::uint64_t cycles = 0;
    for (const Fold& fold : runs_) {
      if (y <= fold.last_kept()) break;
      const std::uint32_t left_out = std::min(y, fold.end() - 1) - fold.last_kept();
      cycles += fold.delay * ((left_out + fold.run.period - 1) / fold.run.period);
    }
    return cycles;
  }
  // A cycle of the model in the life of a row: what happened before the first arrival happens to all at once.
  [[nodiscard]] std::uint64_t moved(std::uint32_t y, std::uint64_t cycle) const {
    const auto first = engine_->record(models_[y]).first_arrival;
    return first && cycle > *first ? cycle + late_by(y) : cycle;
  }
  [[nodiscard]] std::uint64_t end_of_all() const {
    std::uint64_t end = 0;
    for (std::uint32_t y = 0; y < band_.grid.rows; ++y)
      end = std::max(end, moved(y, engine_->record(models_[y]).end));
    return end;
  }

  MeshPlan band_;
  FastEngineOptions options_;
  std::vector<bool> by_value_;
  std::vector<Fold> runs_;  // of more rows than are tried first, from north to south
  std::uint32_t rows_with_values_{};
  std::unique_ptr<fast::RowEngine> engine_;
  std::vector<std::unique_ptr<fast::LinkComparison>> comparisons_;
  std::vector<std::uint32_t> models_;  // row of the band -> row of the engine
  bool begun_ = false;
  std::vector<Write> writes_;  // while it may start over
  std::vector<std::pair<EdgePort, std::vector<EdgeWavelet>>> injections_;
  std::map<EdgePort, std::vector<EdgeWavelet>> departures_;  // of models
  std::map<EdgePort, std::size_t> taken_;                    // of them, by a row
};

}  // namespace

std::unique_ptr<MeshEngine> make_folded_band(MeshPlan band, const FastEngineOptions& options) {
  return std::make_unique<FoldedBand>(std::move(band), options);
}

}  // namespace wafersim
