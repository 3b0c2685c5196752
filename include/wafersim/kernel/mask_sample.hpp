// Sparsity masks: seeded draws of several patterns, or given bit by bit; and how unevenly it loads the
// columns of the wafer.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/base/mask_pattern.hpp"
#include "wafersim/base/parse.hpp"
#include "wafersim/base/quantity.hpp"

namespace wafersim {

// Some rows (output features) of a mask over `width` input features. A few hundred rows show the imbalance
// between columns; the whole mask would show it no better.
class MaskSample {
 public:
  static constexpr std::uint64_t kRows = 256;

  // Drawn: each position, or block, is kept with the same probability; of N:M, each choice of N is as likely.
  // Throws std::invalid_argument for a block of 0, or an N that is 0 or above M.
  MaskSample(std::uint64_t width, std::uint64_t rows, Fraction pruned, std::uint64_t seed,
             MaskPattern pattern = {});
  // Given: `bits` has a row after the other, true where a weight is kept.
  MaskSample(std::uint64_t width, std::uint64_t rows, const std::vector<bool>& bits);

  // The same mask with so many rows; a given one begins again behind its last.
  [[nodiscard]] MaskSample with_rows(std::uint64_t rows) const;
  // What hardware computes that can leave out only whole blocks of so many neighbours, along the pattern's
  // direction: every position of those in which this mask keeps one. Not of a mask that was widened before.
  [[nodiscard]] MaskSample widened_to(std::uint64_t block) const;
  // Of a matrix of `all` weights of which a mask like this one, before it was widened, keeps `kept`: those
  // that it keeps now, at most all.
  [[nodiscard]] std::uint64_t widened(std::uint64_t kept, std::uint64_t all) const;

  // The numbers that this mask is drawn from; empty if it is given.
  [[nodiscard]] std::vector<std::uint64_t> identity() const {
    if (given_) return {};
    return {width_,      rows_,         pruned_.billionths,          seed_, pattern_.block,
            pattern_.of, pattern_.keep, pattern_.across ? 1ULL : 0U, fill_};
  }

  [[nodiscard]] std::uint64_t width() const { return width_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  // Kept positions of `row` in [first, last).
  [[nodiscard]] std::uint64_t kept(std::uint64_t row, std::uint64_t first, std::uint64_t last) const;

  // The same of every column that owns so many neighbouring features. All rows are counted together, and the
  // counts stay until columns of another width are asked for: the walks over one layer ask for the same ones.
  [[nodiscard]] const std::vector<std::uint64_t>& kept_per_column(std::uint64_t row,
                                                                  std::uint64_t features) const;

  // Weights that pass on the critical path for `outputs` output features when every column owns
  // `features_per_column` neighbouring inputs and may run `ahead` output features ahead of the slowest.
  [[nodiscard]] std::uint64_t slowest_column(std::uint64_t features_per_column, std::uint64_t ahead,
                                             std::uint64_t outputs) const;

 private:
  [[nodiscard]] const std::vector<std::uint64_t>& bits() const;
  void keep(std::uint64_t row, std::uint64_t column) const {
    bits_[row * words_per_row_ + column / 64] |= 1ULL << (column % 64);
  }
  void count_columns(std::uint64_t features) const;
  void draw_positions() const;
  void draw_blocks() const;
  void draw_n_of_m() const;
  void draw_blocks_across() const;
  void draw_n_of_m_across() const;
  void fill_blocks() const;
  void fill_blocks_across() const;
  // Of all the sample's rows, see slowest_column.
  [[nodiscard]] std::uint64_t critical_path(std::uint64_t features_per_column, std::uint64_t ahead) const;

  std::uint64_t width_;
  std::uint64_t rows_;
  std::uint64_t words_per_row_;
  Fraction pruned_{};
  std::uint64_t seed_{};
  MaskPattern pattern_{};
  bool given_ = false;
  std::uint64_t fill_ = 1;                   // blocks of so many are kept whole if any of them is kept
  mutable std::uint64_t before_filling_{};   // kept positions
  mutable std::vector<std::uint64_t> bits_;  // drawn when they are first needed: often they never are
  mutable std::uint64_t counted_{};          // features of a column in counts_; 0: nothing was counted
  mutable std::vector<std::vector<std::uint64_t>> counts_;  // of each row, by column
};

}  // namespace wafersim
