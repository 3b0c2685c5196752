// Draws mask rows bit by bit and finds the critical path through unevenly loaded columns.
#include "wafersim/kernel/mask_sample.hpp"

#include <algorithm>
#include <bit>

#include "wafersim/base/random.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {
constexpr std::uint64_t kWordBits = 64;

// Bits [0, n) of a word.
constexpr std::uint64_t low_bits(std::uint64_t n) {
  return n >= kWordBits ? ~0ULL : (1ULL << n) - 1;
}
}  // namespace

MaskSample::MaskSample(std::uint64_t width, std::uint64_t rows, Fraction pruned, std::uint64_t seed)
    : width_{width},
      rows_{std::min(rows, kRows)},
      words_per_row_{divide_up(width, kWordBits)},
      bits_(rows_ * words_per_row_) {
  Random random{seed};
  // Two positions per draw: each half of the 64 bits is compared with the share that is kept.
  const auto threshold =
      multiply_divide_down(Fraction::kOne - pruned.billionths, 1ULL << 32U, Fraction::kOne);
  for (std::uint64_t row = 0; row < rows_; ++row) {
    for (std::uint64_t column = 0; column < width_; column += 2) {
      const std::uint64_t draw = random.bits();
      std::uint64_t& word = bits_[row * words_per_row_ + column / kWordBits];
      const std::uint64_t first = (draw >> 32U) < threshold ? 1 : 0;
      const std::uint64_t second = (draw & 0xFFFFFFFFU) < threshold && column + 1 < width_ ? 2 : 0;
      word |= (first | second) << (column % kWordBits);
    }
  }
}

std::uint64_t MaskSample::kept(std::uint64_t row, std::uint64_t first, std::uint64_t last) const {
  last = std::min(last, width_);
  std::uint64_t count = 0;
  while (first < last) {
    const std::uint64_t in_word = first % kWordBits;
    const std::uint64_t take = std::min(kWordBits - in_word, last - first);
    const std::uint64_t word = bits_[row * words_per_row_ + first / kWordBits] >> in_word;
    count += static_cast<std::uint64_t>(std::popcount(word & low_bits(take)));
    first += take;
  }
  return count;
}

std::uint64_t MaskSample::slowest_column(std::uint64_t features_per_column, std::uint64_t ahead,
                                         std::uint64_t outputs) const {
  if (rows_ == 0 || width_ == 0) return 0;
  const std::uint64_t columns = divide_up(width_, features_per_column);
  std::vector<std::uint64_t> finished(columns);  // weights done by each column
  std::vector<std::uint64_t> reduced(rows_);     // when output `row` had arrived from every column
  for (std::uint64_t row = 0; row < rows_; ++row) {
    const std::uint64_t released = row >= ahead ? reduced[row - ahead] : 0;
    for (std::uint64_t column = 0; column < columns; ++column) {
      const std::uint64_t first = column * features_per_column;
      finished[column] = std::max(finished[column], released) + kept(row, first, first + features_per_column);
      reduced[row] = std::max(reduced[row], finished[column]);
    }
  }
  return multiply_divide_up(reduced[rows_ - 1], outputs, rows_);
}

}  // namespace wafersim
