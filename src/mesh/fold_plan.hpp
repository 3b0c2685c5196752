// Which rows of a band are run, and which of these stand for those left out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "runs.hpp"

namespace wafersim {

// Periods at the top of a run that are tried first: the first one gets its wavelets from other rows, so that
// only the second may be a model.
inline constexpr std::uint32_t kFirstPeriods = 2;

// A run of equal rows, of which those in the middle may be left out. All numbers are rows of the band.
struct Fold {
  explicit Fold(const RowRun& rows) : run{rows}, top{kFirstPeriods * rows.period} {}

  // With rows at the bottom, too: what holds the last rows up may not reach further.
  void keep_more() {
    top = std::min(run.rows, 2 * top);
    bottom = std::min(run.rows - top, std::max(run.period, top / 4 / run.period * run.period));
  }
  void keep_all() { top = run.rows; }

  [[nodiscard]] std::uint32_t left_out() const { return run.rows - top - bottom; }
  [[nodiscard]] std::uint32_t first_left_out() const { return run.first + top; }
  [[nodiscard]] std::uint32_t first_below() const { return first_left_out() + left_out(); }
  // The last period above those left out; its first row.
  [[nodiscard]] std::uint32_t model() const { return first_left_out() - run.period; }
  // Periods left out above a row.
  [[nodiscard]] std::uint32_t periods_above(std::uint32_t y) const {
    if (y < first_left_out()) return 0;
    return (std::min(y + 1, first_below()) - first_left_out() + run.period - 1) / run.period;
  }

  RowRun run;
  std::uint32_t top{}, bottom = 0;  // rows that are run, each a multiple of the period
};

// Of each row of the band, the row of the smaller one that it is, or that stands for it; and the rows of the
// smaller one.
struct KeptRows {
  std::vector<std::uint32_t> model_of;
  std::vector<std::uint32_t> rows;
};
[[nodiscard]] inline KeptRows rows_kept(const std::vector<Fold>& folds, std::uint32_t rows) {
  KeptRows kept;
  auto fold = folds.begin();
  for (std::uint32_t y = 0; y < rows; ++y) {
    while (fold != folds.end() && y >= fold->first_below()) ++fold;
    if (fold != folds.end() && y >= fold->first_left_out()) {
      kept.model_of.push_back(kept.model_of[y - fold->run.period]);
      continue;
    }
    kept.model_of.push_back(static_cast<std::uint32_t>(kept.rows.size()));
    kept.rows.push_back(y);
  }
  return kept;
}

}  // namespace wafersim
