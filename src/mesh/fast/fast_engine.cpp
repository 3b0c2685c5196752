// The fast engine: splits the grid into independent bands of rows and advances them window by window.
#include <algorithm>
#include <atomic>
#include <thread>

#include "wafersim/mesh/engine.hpp"

#include "band.hpp"
#include "row_engine.hpp"

namespace wafersim {
namespace {

using fast::Band;
using fast::Cycle;
using fast::Row;

class FastEngine final : public fast::RowEngine {
 public:
  FastEngine(MeshPlan plan, FastEngineOptions options)
      : plan_{std::move(plan)}, options_{std::move(options)} {
    context_.plan = &plan_;
    context_.copy = fast::best_masked_copy();
    context_.arithmetic = options_.arithmetic;
    context_.words = static_cast<std::uint32_t>((plan_.grid.columns + fast::kWordBits - 1) / fast::kWordBits);
    context_.programs = fast::compile(plan_);
    find_control();
    for (std::uint32_t y = 0; y < plan_.grid.rows; ++y) rows_.push_back(std::make_unique<Row>(context_, y));
    find_bands();
  }

  void write_memory(PeAt at, std::uint32_t address, std::span<const std::uint32_t> words) override {
    rows_[at.y]->write_memory(at.x, address, words);
  }
  [[nodiscard]] std::vector<std::uint32_t> read_memory(PeAt at, std::uint32_t address,
                                                       std::uint32_t words) const override {
    return rows_[at.y]->read_memory(at.x, address, words);
  }

  MeshOutcome advance(Cycles until) override {
    const MeshOutcome outcome = advance_rows(until);
    for (std::size_t y = 0; y < rows_.size(); ++y) rows_[y]->catch_up_to(bands_[band_of_row_[y]].now());
    return outcome;
  }

  [[nodiscard]] Cycles now() const override { return Cycles{now_}; }

  [[nodiscard]] std::vector<EdgeWavelet> outside(EdgePort port) const override {
    return rows_[port.row]->outside(port.side);
  }
  [[nodiscard]] std::vector<Cycles> take_crossings(EdgePort port) override {
    return rows_[port.row]->take_crossings(port.side);
  }
  [[nodiscard]] std::vector<EdgeWavelet> take_departures(EdgePort port) override {
    return rows_[port.row]->take_departures(port.side);
  }

  [[nodiscard]] MeshCounts counts() const override {
    MeshCounts sum;
    for (const auto& row : rows_) sum += row->counts();
    return sum;
  }
  [[nodiscard]] PeActivity activity(PeAt at) const override { return rows_[at.y]->activity(at.x); }
  [[nodiscard]] PeState state(PeAt at) const override { return rows_[at.y]->state(at.x); }
  [[nodiscard]] Bytes state_bytes() const override {
    std::size_t bytes = 0;
    for (const auto& row : rows_) bytes += row->state_bytes();
    return Bytes{bytes};
  }
  [[nodiscard]] const MeshPlan& plan() const override { return plan_; }

  [[nodiscard]] fast::RowRecord record(std::uint32_t row) const override { return rows_[row]->record(); }
  [[nodiscard]] const std::vector<fast::Rest>& rests(std::uint32_t row) const override {
    return rows_[row]->rests();
  }
  void remember_rests() override {
    for (const auto& row : rows_) row->remember_rests();
  }
  void compare(std::uint32_t upper, std::uint32_t lower, fast::LinkComparison& comparison) override {
    rows_[upper - 1]->compare_south_as_upper(comparison);
    rows_[lower - 1]->compare_south_as_lower(comparison);
  }

 private:
  void line_up(EdgePort port, std::span<const EdgeWavelet> wavelets) override {
    rows_[port.row]->line_up(port.side, wavelets);
    bands_[band_of_row_[port.row]].wake();
  }

  MeshOutcome advance_rows(Cycles until) {
    const bool stopped = [&] {
      const Cycle last = std::min(until.count(), fast::kLastCycle);
      while (now_ < last && !all_quiet()) {
        const Cycle target = std::min(last, now_ + options_.window);
        advance_bands(target);
        if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) return true;
        now_ = target;
      }
      return false;
    }();
    if (stopped) return {MeshStatus::interrupted, Cycles{now_}};
    if (now_ == fast::kLastCycle && now_ < until.count() && !all_quiet())
      throw QuantityOverflow{"the fast engine runs up to 2^32 - 1 cycles"};
    if (until != Cycles::max()) now_ = std::max(now_, until.count());
    if (!all_quiet()) return {MeshStatus::running, Cycles{now_}};
    Cycle end = 0;
    bool finished = true;
    for (const auto& row : rows_) {
      end = std::max(end, row->end());
      finished = finished && row->is_finished();
    }
    return {finished ? MeshStatus::finished : MeshStatus::deadlock, Cycles{end}};
  }

  // Colors that carry the control bit: some program sends it, or somebody outside may.
  void find_control() {
    context_.carries_control.assign(plan_.colors.size(), false);
    for (const EdgeUse& use : plan_.inputs) {
      const auto color = std::lower_bound(plan_.colors.begin(), plan_.colors.end(), use.color);
      context_.carries_control[static_cast<std::size_t>(color - plan_.colors.begin())] = true;
    }
    for (const auto& program : context_.programs.all) {
      for (const auto& vector : program.vectors) {
        if (vector.control) context_.carries_control[vector.to.color] = true;
      }
    }
  }

  void find_bands() {
    const bool whole = options_.order != VisitOrder::automatic;
    std::vector<Row*> band;
    for (std::size_t y = 0; y < rows_.size(); ++y) {
      band.push_back(rows_[y].get());
      band_of_row_.push_back(bands_.size());
      if (y + 1 < rows_.size() && (whole || rows_[y]->is_linked_to(*rows_[y + 1]))) continue;
      bands_.emplace_back(std::move(band), options_.order);
      band.clear();
    }
  }

  [[nodiscard]] bool all_quiet() const {
    return std::all_of(bands_.begin(), bands_.end(), [](const Band& band) { return band.is_quiet(); });
  }

  void advance_bands(Cycle target) {
    const std::size_t threads = std::min<std::size_t>(options_.threads, bands_.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&](bool reports) {
      for (std::size_t i = next++; i < bands_.size(); i = next++) {
        if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) return;
        const Cycle before = bands_[i].now();
        bands_[i].advance(target, options_.stop);
        if (reports && options_.progress) report(i, before, target);
      }
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work, false);
    work(true);
    for (std::thread& other : others) other.join();
  }

  void report(std::size_t band, Cycle before, Cycle target) const {
    const double share = static_cast<double>(band + 1) / static_cast<double>(bands_.size());
    options_.progress(static_cast<double>(before) + share * static_cast<double>(target - before));
  }

  MeshPlan plan_;
  FastEngineOptions options_;
  fast::RowContext context_;
  std::vector<std::unique_ptr<Row>> rows_;
  std::vector<Band> bands_;
  std::vector<std::size_t> band_of_row_;
  Cycle now_{};
};

}  // namespace

std::unique_ptr<fast::RowEngine> fast::make_row_engine(MeshPlan plan, const FastEngineOptions& options) {
  return std::make_unique<FastEngine>(std::move(plan), options);
}

std::unique_ptr<MeshEngine> make_fast_engine(MeshPlan plan, FastEngineOptions options) {
  return std::make_unique<FastEngine>(std::move(plan), std::move(options));
}

}  // namespace wafersim
