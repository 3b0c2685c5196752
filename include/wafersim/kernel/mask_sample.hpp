// A seeded draw of a sparsity mask, and how unevenly it loads the columns of the wafer.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/base/parse.hpp"
#include "wafersim/base/quantity.hpp"

namespace wafersim {

// Some rows (output features) of a random mask over `width` input features, each position kept with the same
// probability. A few hundred rows show the imbalance between columns; the whole mask would show it no better.
class MaskSample {
 public:
  static constexpr std::uint64_t kRows = 256;

  MaskSample(std::uint64_t width, std::uint64_t rows, Fraction pruned, std::uint64_t seed);

  // The same mask with so many rows.
  [[nodiscard]] MaskSample with_rows(std::uint64_t rows) const { return {width_, rows, pruned_, seed_}; }

  [[nodiscard]] std::uint64_t width() const { return width_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  // Kept positions of `row` in [first, last).
  [[nodiscard]] std::uint64_t kept(std::uint64_t row, std::uint64_t first, std::uint64_t last) const;

  // The same of every column that owns so many neighbouring features, in one pass over the row.
  [[nodiscard]] std::vector<std::uint64_t> kept_per_column(std::uint64_t row, std::uint64_t features) const;

  // Weights that pass on the critical path for `outputs` output features when every column owns
  // `features_per_column` neighbouring inputs and may run `ahead` output features ahead of the slowest.
  [[nodiscard]] std::uint64_t slowest_column(std::uint64_t features_per_column, std::uint64_t ahead,
                                             std::uint64_t outputs) const;

 private:
  [[nodiscard]] const std::vector<std::uint64_t>& bits() const;
  // Of all the sample's rows, see slowest_column.
  [[nodiscard]] std::uint64_t critical_path(std::uint64_t features_per_column, std::uint64_t ahead) const;

  std::uint64_t width_;
  std::uint64_t rows_;
  std::uint64_t words_per_row_;
  Fraction pruned_;
  std::uint64_t seed_;
  mutable std::vector<std::uint64_t> bits_;  // drawn when they are first needed: often they never are
};

}  // namespace wafersim
