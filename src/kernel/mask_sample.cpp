// Draws mask rows bit by bit and finds the critical path through unevenly loaded columns.
#include "wafersim/kernel/mask_sample.hpp"

#include <algorithm>

#include "wafersim/base/answers.hpp"
#include "wafersim/base/random.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {
constexpr std::uint64_t kWordBits = 64;

// Bits [0, n) of a word.
constexpr std::uint64_t low_bits(std::uint64_t n) {
  return n >= kWordBits ? ~0ULL : (1ULL << n) - 1;
}

// std::popcount without the call into the compiler's library that it is where the processor may be any
// x86-64.
constexpr std::uint64_t ones_of(std::uint64_t word) {
  word -= (word >> 1U) & 0x5555555555555555U;
  word = (word & 0x3333333333333333U) + ((word >> 2U) & 0x3333333333333333U);
  word = (word + (word >> 4U)) & 0x0F0F0F0F0F0F0F0FU;
  return (word * 0x0101010101010101U) >> 56U;
}
}  // namespace

MaskSample::MaskSample(std::uint64_t width, std::uint64_t rows, Fraction pruned, std::uint64_t seed)
    : width_{width}, rows_{rows}, words_per_row_{divide_up(width, kWordBits)}, pruned_{pruned}, seed_{seed} {
}

const std::vector<std::uint64_t>& MaskSample::bits() const {
  if (!bits_.empty()) return bits_;
  bits_.resize(rows_ * words_per_row_);
  Random random{seed_};
  // Two positions per draw: each half of the 64 bits is compared with the share that is kept.
  const auto threshold =
      multiply_divide_down(Fraction::kOne - pruned_.billionths, 1ULL << 32U, Fraction::kOne);
  for (std::uint64_t row = 0; row < rows_; ++row) {
    for (std::uint64_t column = 0; column < width_; column += 2) {
      const std::uint64_t draw = random.bits();
      std::uint64_t& word = bits_[row * words_per_row_ + column / kWordBits];
      const std::uint64_t first = (draw >> 32U) < threshold ? 1 : 0;
      const std::uint64_t second = (draw & 0xFFFFFFFFU) < threshold && column + 1 < width_ ? 2 : 0;
      word |= (first | second) << (column % kWordBits);
    }
  }
  return bits_;
}

std::uint64_t MaskSample::kept(std::uint64_t row, std::uint64_t first, std::uint64_t last) const {
  last = std::min(last, width_);
  std::uint64_t count = 0;
  while (first < last) {
    const std::uint64_t in_word = first % kWordBits;
    const std::uint64_t take = std::min(kWordBits - in_word, last - first);
    const std::uint64_t word = bits()[row * words_per_row_ + first / kWordBits] >> in_word;
    count += ones_of(word & low_bits(take));
    first += take;
  }
  return count;
}

std::vector<std::uint64_t> MaskSample::kept_per_column(std::uint64_t row, std::uint64_t features) const {
  const std::uint64_t* const words = &bits()[row * words_per_row_];
  std::vector<std::uint64_t> before(words_per_row_ + 1);  // kept positions before each word
  for (std::uint64_t i = 0; i < words_per_row_; ++i) before[i + 1] = before[i] + ones_of(words[i]);
  std::vector<std::uint64_t> counts;
  counts.reserve(divide_up(width_, features));
  std::uint64_t counted = 0;
  for (std::uint64_t end = features; end < width_; end += features) {
    const std::uint64_t in_word = words[end / kWordBits] & low_bits(end % kWordBits);
    const std::uint64_t up_to = before[end / kWordBits] + ones_of(in_word);
    counts.push_back(up_to - counted);
    counted = up_to;
  }
  counts.push_back(before.back() - counted);
  return counts;
}

std::uint64_t MaskSample::slowest_column(std::uint64_t features_per_column, std::uint64_t ahead,
                                         std::uint64_t outputs) const {
  if (rows_ == 0 || width_ == 0) return 0;
  static Answers& paths = Answers::to("mask_path");
  const std::uint64_t path =
      paths
          .recall({width_, rows_, pruned_.billionths, seed_, features_per_column, ahead},
                  [&] { return Answers::Numbers{critical_path(features_per_column, ahead)}; })
          .front();
  return multiply_divide_up(path, outputs, rows_);
}

std::uint64_t MaskSample::critical_path(std::uint64_t features_per_column, std::uint64_t ahead) const {
  const std::uint64_t columns = divide_up(width_, features_per_column);
  std::vector<std::uint64_t> finished(columns);  // weights done by each column
  std::vector<std::uint64_t> reduced(rows_);     // when output `row` had arrived from every column
  for (std::uint64_t row = 0; row < rows_; ++row) {
    const std::uint64_t released = row >= ahead ? reduced[row - ahead] : 0;
    const std::vector<std::uint64_t> kept_now = kept_per_column(row, features_per_column);
    for (std::uint64_t column = 0; column < columns; ++column) {
      finished[column] = std::max(finished[column], released) + kept_now[column];
      reduced[row] = std::max(reduced[row], finished[column]);
    }
  }
  return reduced[rows_ - 1];
}

}  // namespace wafersim
