#include "fold_proof.hpp"

#include <algorithm>

namespace wafersim {
namespace {

bool is_set(const std::optional<std::uint64_t>& cycle) {
  return cycle.has_value();
}

}  // namespace

FoldProof::FoldProof(fast::RowEngine& engine, const std::vector<Fold>& folds, const KeptRows& kept,
                     const std::vector<bool>& by_value)
    : engine_{engine}, kept_{kept}, reached_(kept.rows.size()) {
  for (std::size_t i = 0; i < folds.size(); ++i) {
    if (folds[i].left_out() == 0) continue;
    watched_.push_back({&folds[i], i, std::make_unique<fast::LinkComparison>(by_value)});
    engine_.compare(kept.model_of[folds[i].model()], kept.model_of[folds[i].first_below()],
                    *watched_.back().links);
  }
  if (!watched_.empty()) engine_.remember_rests();
}

bool FoldProof::holds(bool ended) {
  reached_.assign(kept_.rows.size(), {});
  for (const Watched& it : watched_) {
    culprit_ = it.number;
    if (!it.links->equal() || (ended && !it.links->complete())) return false;
    // Epochs of one run would have to be found again in the others.
    if (watched_.size() > 1 && it.links->epochs().size() > 1) return false;
    if (!trace(it)) return false;
  }
  return true;
}

// Follows the epochs from the model down.
bool FoldProof::trace(const Watched& it) {
  const std::vector<fast::Epoch>& epochs = it.links->epochs();
  if (epochs.empty()) return true;
  const std::uint32_t model = kept_.model_of[it.fold->model()];
  const std::uint32_t below = model + it.fold->run.period;
  Times above;  // the model is reached when its links say so
  for (const fast::Epoch& epoch : epochs) above.push_back(epoch.from - 1);
  for (std::uint32_t row = model; row < kept_.rows.size(); ++row) {
    const std::optional<Times> here = reach(row, above);
    if (!here || (row + 1 == below && !is_over_in_copies(it, *here))) return false;
    for (std::size_t i = 0; i < epochs.size() && (row == model || row == below); ++i) {
      const std::uint64_t expected = epochs[i].from + (row == below ? epochs[i].delay : 0);
      if ((*here)[i] != expected) return false;
    }
    reached_[row] = *here;
    above = *here;
  }
  return true;
}

// Each epoch finds the row at rest, as it was when it reached the row above.
std::optional<FoldProof::Times> FoldProof::reach(std::uint32_t row, const Times& above) const {
  const std::vector<fast::Rest>& rests = engine_.rests(row);
  Times here(above.size());
  // Must be at rest since before this: when the first epoch passed above that has not come here.
  std::optional<std::uint64_t> quiet;
  auto rest = rests.begin();
  for (std::size_t i = 0; i < above.size(); ++i) {
    if (!above[i]) continue;
    if (!quiet) quiet = above[i];
    rest = std::find_if(rest, rests.end(), [&](const fast::Rest& found) { return found.until > *above[i]; });
    const bool next = i + 1 < above.size() && above[i + 1].has_value();
    if (rest == rests.end() || (next && rest->until > *above[i + 1])) continue;
    if (rest->since > *quiet || rest->first != std::none_of(here.begin(), here.end(), is_set)) return {};
    here[i] = rest->until;
    quiet.reset();
  }
  if (quiet && engine_.record(row).end > *quiet) return {};
  return here;
}

// A copy of the model, which is later, has come to rest before an epoch reaches the last row above it.
bool FoldProof::is_over_in_copies(const Watched& it, const Times& last) const {
  const std::vector<fast::Epoch>& epochs = it.links->epochs();
  for (const fast::Rest& rest : engine_.rests(kept_.model_of[it.fold->model()])) {
    for (std::size_t i = 1; i < epochs.size(); ++i) {
      if (rest.until == epochs[i].from && last[i] && rest.since + epochs[i - 1].delay > *last[i])
        return false;
    }
  }
  return true;
}

std::uint64_t FoldProof::moved(std::uint32_t y, std::uint64_t cycle) const {
  const Times& reached = reached_[kept_.model_of[y]];
  std::size_t epochs = reached.size();
  while (epochs > 0 && (!reached[epochs - 1] || *reached[epochs - 1] >= cycle)) --epochs;
  if (epochs == 0) return cycle;
  for (const Watched& it : watched_)
    cycle += it.fold->periods_above(y) * it.links->epochs()[epochs - 1].delay;
  return cycle;
}

}  // namespace wafersim
