// Tries with few rows, looks whether they prove the others, and puts the answers together.
#include "folded_band.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include "fold_proof.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kCyclesPerLook = 16'384;

class FoldedBand final : public MeshEngine {
 public:
  FoldedBand(MeshPlan band, FastEngineOptions options)
      : band_{std::move(band)}, options_{std::move(options)} {
    RowRuns found = find_runs(band_, kFirstPeriods + 1);
    by_value_ = std::move(found.steering_colors);
    for (const RowRun& run : found.runs) folds_.emplace_back(run);
    rows_with_values_ =
        folds_.empty() ? static_cast<std::uint32_t>(band_.grid.rows) : folds_.front().first_left_out();
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
  [[nodiscard]] Cycles now() const override {
    return Cycles{proof_->moved(last_row(), engine_->now().count())};
  }

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
    for (EdgeWavelet& wavelet : result)
      wavelet.cycle = Cycles{proof_->moved(port.row, wavelet.cycle.count())};
    return result;
  }

  [[nodiscard]] MeshCounts counts() const override {
    MeshCounts sum;
    for (const std::uint32_t model : kept_.model_of) sum += engine_->record(model).counts;
    return sum;
  }
  [[nodiscard]] PeActivity activity(PeAt at) const override {
    PeActivity result = engine_->activity(model_of(at));
    result.first_start = proof_->moved(at.y, result.first_start);
    result.last_end = proof_->moved(at.y, result.last_end);
    return result;
  }
  [[nodiscard]] PeState state(PeAt at) const override { return engine_->state(model_of(at)); }
  [[nodiscard]] Bytes state_bytes() const override { return engine_->state_bytes(); }
  [[nodiscard]] const MeshPlan& plan() const override { return band_; }

 private:
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

  [[nodiscard]] PeAt model_of(PeAt at) const { return {at.x, kept_.model_of[at.y]}; }
  [[nodiscard]] EdgePort model_of(EdgePort port) const { return {kept_.model_of[port.row], port.side}; }
  [[nodiscard]] std::uint32_t last_row() const { return static_cast<std::uint32_t>(band_.grid.rows) - 1; }
  [[nodiscard]] bool runs_are_folded() const { return kept_.rows.size() < band_.grid.rows; }

  // With more rows, all that has been written and injected is needed again.
  [[nodiscard]] bool may_start_over() const { return !begun_ && runs_are_folded(); }

  // An engine of the rows that are kept, with all that it was told before.
  void build() {
    kept_ = rows_kept(folds_, static_cast<std::uint32_t>(band_.grid.rows));
    engine_ = fast::make_row_engine(plan_of_rows(band_, kept_.rows), options_);
    proof_.emplace(*engine_, folds_, kept_, by_value_);
    for (const Write& write : writes_) engine_->write_memory(model_of(write.at), write.address, write.words);
    for (const auto& [port, wavelets] : injections_) engine_->inject(model_of(port), wavelets);
  }
  void unfold() {
    if (!runs_are_folded()) return;
    for (Fold& fold : folds_) fold.keep_all();
    build();
  }

  MeshOutcome run_folded() {
    while (runs_are_folded()) {
      const MeshOutcome outcome = engine_->advance(engine_->now() + Cycles{kCyclesPerLook});
      if (outcome.status == MeshStatus::interrupted) return outcome;
      const bool ended = outcome.status != MeshStatus::running;
      if (!proof_->holds(ended)) {
        folds_[proof_->culprit()].keep_more();
        build();
      } else if (ended) {
        return {outcome.status, Cycles{end_of_all()}};
      }
    }
    return engine_->run();
  }

  [[nodiscard]] std::uint64_t end_of_all() const {
    std::uint64_t end = 0;
    for (std::uint32_t y = 0; y < band_.grid.rows; ++y)
      end = std::max(end, proof_->moved(y, engine_->record(kept_.model_of[y]).end));
    return end;
  }

  MeshPlan band_;
  FastEngineOptions options_;
  std::vector<bool> by_value_;
  std::vector<Fold> folds_;  // of runs of more rows than are tried first, from north to south
  std::uint32_t rows_with_values_{};
  KeptRows kept_;
  std::unique_ptr<fast::RowEngine> engine_;
  std::optional<FoldProof> proof_;
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
