// Draws mask rows and finds the critical path through unevenly loaded columns.
#include "wafersim/kernel/mask_sample.hpp"

#include <algorithm>
#include <stdexcept>

#include "wafersim/base/answers.hpp"
#include "wafersim/base/bits.hpp"
#include "wafersim/base/random.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {
constexpr std::uint64_t kWordBits = 64;

// Bits [0, n) of a word.
constexpr std::uint64_t low_bits(std::uint64_t n) {
  return n >= kWordBits ? ~0ULL : (1ULL << n) - 1;
}

std::uint64_t ones_of(const std::vector<std::uint64_t>& words) {
  std::uint64_t count = 0;
  for (const std::uint64_t word : words) count += count_bits(word);
  return count;
}
}  // namespace

MaskSample::MaskSample(std::uint64_t width, std::uint64_t rows, Fraction pruned, std::uint64_t seed,
                       MaskPattern pattern)
    : width_{width},
      rows_{rows},
      words_per_row_{divide_up(width, kWordBits)},
      pruned_{pruned},
      seed_{seed},
      pattern_{pattern} {
  if (pattern.block == 0) throw std::invalid_argument{"a mask of blocks of 0 weights"};
  if (pattern.of != 0 && (pattern.keep == 0 || pattern.keep > pattern.of))
    throw std::invalid_argument{"a mask that keeps none, or more than M, of M weights"};
}

MaskSample::MaskSample(std::uint64_t width, std::uint64_t rows, const std::vector<bool>& bits)
    : width_{width}, rows_{rows}, words_per_row_{divide_up(width, kWordBits)}, given_{true} {
  bits_.resize(rows_ * words_per_row_);
  for (std::uint64_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) keep(i / width_, i % width_);
  }
}

MaskSample MaskSample::with_rows(std::uint64_t rows) const {
  if (!given_) {
    MaskSample other{width_, rows, pruned_, seed_, pattern_};
    other.fill_ = fill_;
    return other;
  }
  MaskSample other = *this;
  other.rows_ = rows;
  other.counted_ = 0;
  other.bits_.resize(rows * words_per_row_);
  for (std::uint64_t i = bits_.size(); i < other.bits_.size(); ++i)
    other.bits_[i] = other.bits_[i - bits_.size()];
  return other;
}

MaskSample MaskSample::widened_to(std::uint64_t block) const {
  MaskSample other = given_ ? *this : MaskSample{width_, rows_, pruned_, seed_, pattern_};
  other.counted_ = 0;
  other.fill_ = block;
  if (given_) other.fill_blocks();
  return other;
}

std::uint64_t MaskSample::widened(std::uint64_t kept, std::uint64_t all) const {
  const auto count = [&] {
    const std::uint64_t now = ones_of(bits());
    return Answers::Numbers{before_filling_, now};
  };
  const Answers::Numbers question = identity();
  static Answers& counts = Answers::to("mask_widened");
  const Answers::Numbers found = question.empty() ? count() : counts.recall(question, count);
  // Where so few are kept that the sample has none, each is alone in its block.
  if (found[0] == 0) return kept > all / fill_ ? all : kept * fill_;
  return std::min(all, multiply_divide_up(kept, found[1], found[0]));
}

const std::vector<std::uint64_t>& MaskSample::bits() const {
  if (!bits_.empty()) return bits_;
  bits_.resize(rows_ * words_per_row_);
  if (pattern_.of != 0) {
    pattern_.across ? draw_n_of_m_across() : draw_n_of_m();
  } else if (pattern_.block > 1) {
    pattern_.across ? draw_blocks_across() : draw_blocks();
  } else {
    draw_positions();
  }
  if (fill_ > 1) fill_blocks();
  return bits_;
}

void MaskSample::fill_blocks() const {
  before_filling_ = ones_of(bits_);
  if (pattern_.across) {
    fill_blocks_across();
    return;
  }
  for (std::uint64_t row = 0; row < rows_; ++row) {
    for (std::uint64_t first = 0; first < width_; first += fill_) {
      const std::uint64_t last = std::min(first + fill_, width_);
      if (kept(row, first, last) == 0) continue;
      for (std::uint64_t column = first; column < last; ++column) keep(row, column);
    }
  }
}

void MaskSample::fill_blocks_across() const {
  for (std::uint64_t first = 0; first < rows_; first += fill_) {
    const std::uint64_t last = std::min(first + fill_, rows_);
    for (std::uint64_t word = 0; word < words_per_row_; ++word) {
      std::uint64_t any = 0;
      for (std::uint64_t row = first; row < last; ++row) any |= bits_[row * words_per_row_ + word];
      for (std::uint64_t row = first; row < last; ++row) bits_[row * words_per_row_ + word] = any;
    }
  }
}

void MaskSample::draw_positions() const {
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
}

void MaskSample::draw_blocks() const {
  Random random{seed_};
  for (std::uint64_t row = 0; row < rows_; ++row) {
    for (std::uint64_t first = 0; first < width_; first += pattern_.block) {
      if (random.below(Fraction::kOne) < pruned_.billionths) continue;
      const std::uint64_t last = std::min(first + pattern_.block, width_);
      for (std::uint64_t column = first; column < last; ++column) keep(row, column);
    }
  }
}

// Goes through M positions and keeps each with the probability that makes all choices of N equal: what is
// still to be kept, over what is left. At the end of a row, where fewer than M are left, as many of N as fit.
void MaskSample::draw_n_of_m() const {
  Random random{seed_};
  for (std::uint64_t row = 0; row < rows_; ++row) {
    for (std::uint64_t first = 0; first < width_; first += pattern_.of) {
      const std::uint64_t last = std::min(first + pattern_.of, width_);
      std::uint64_t wanted = std::min(pattern_.keep, last - first);
      for (std::uint64_t column = first; column < last; ++column) {
        if (random.below(last - column) >= wanted) continue;
        keep(row, column);
        --wanted;
      }
    }
  }
}

void MaskSample::draw_blocks_across() const {
  Random random{seed_};
  for (std::uint64_t first = 0; first < rows_; first += pattern_.block) {
    const std::uint64_t last = std::min(first + pattern_.block, rows_);
    for (std::uint64_t column = 0; column < width_; ++column) {
      if (random.below(Fraction::kOne) < pruned_.billionths) continue;
      for (std::uint64_t row = first; row < last; ++row) keep(row, column);
    }
  }
}

// The rows are often a part of the matrix, so the last M of them are drawn as if all were there.
void MaskSample::draw_n_of_m_across() const {
  Random random{seed_};
  for (std::uint64_t first = 0; first < rows_; first += pattern_.of) {
    for (std::uint64_t column = 0; column < width_; ++column) {
      std::uint64_t wanted = pattern_.keep;
      for (std::uint64_t row = first; row < first + pattern_.of; ++row) {
        if (random.below(first + pattern_.of - row) >= wanted) continue;
        --wanted;
        if (row < rows_) keep(row, column);
      }
    }
  }
}

std::uint64_t MaskSample::kept(std::uint64_t row, std::uint64_t first, std::uint64_t last) const {
  last = std::min(last, width_);
  std::uint64_t count = 0;
  while (first < last) {
    const std::uint64_t in_word = first % kWordBits;
    const std::uint64_t take = std::min(kWordBits - in_word, last - first);
    const std::uint64_t word = bits()[row * words_per_row_ + first / kWordBits] >> in_word;
    count += count_bits(word & low_bits(take));
    first += take;
  }
  return count;
}

const std::vector<std::uint64_t>& MaskSample::kept_per_column(std::uint64_t row,
                                                              std::uint64_t features) const {
  if (counted_ != features) count_columns(features);
  return counts_[row];
}

void MaskSample::count_columns(std::uint64_t features) const {
  counted_ = features;
  counts_.resize(rows_);
  std::vector<std::uint64_t> before(words_per_row_ + 1);  // kept positions before each word
  for (std::uint64_t row = 0; row < rows_; ++row) {
    const std::uint64_t* const words = &bits()[row * words_per_row_];
    for (std::uint64_t i = 0; i < words_per_row_; ++i) before[i + 1] = before[i] + count_bits(words[i]);
    counts_[row].resize(divide_up(width_, features));
    std::uint64_t counted = 0;
    std::uint64_t end = 0;
    for (std::uint64_t& count : counts_[row]) {
      end = std::min(end + features, width_);
      const std::uint64_t bits_left = end % kWordBits;
      std::uint64_t up_to = before[end / kWordBits];
      if (bits_left != 0) up_to += count_bits(words[end / kWordBits] & low_bits(bits_left));
      count = up_to - counted;
      counted = up_to;
    }
  }
}

std::uint64_t MaskSample::slowest_column(std::uint64_t features_per_column, std::uint64_t ahead,
                                         std::uint64_t outputs) const {
  if (rows_ == 0 || width_ == 0) return 0;
  const auto path = [&] { return Answers::Numbers{critical_path(features_per_column, ahead)}; };
  Answers::Numbers question = identity();
  if (question.empty()) return multiply_divide_up(path().front(), outputs, rows_);
  static Answers& paths = Answers::to("mask_path");
  question.insert(question.end(), {features_per_column, ahead});
  return multiply_divide_up(paths.recall(question, path).front(), outputs, rows_);
}

std::uint64_t MaskSample::critical_path(std::uint64_t features_per_column, std::uint64_t ahead) const {
  const std::uint64_t columns = divide_up(width_, features_per_column);
  std::vector<std::uint64_t> finished(columns);  // weights done by each column
  std::vector<std::uint64_t> reduced(rows_);     // when output `row` had arrived from every column
  for (std::uint64_t row = 0; row < rows_; ++row) {
    const std::uint64_t released = row >= ahead ? reduced[row - ahead] : 0;
    const std::vector<std::uint64_t>& kept_now = kept_per_column(row, features_per_column);
    for (std::uint64_t column = 0; column < columns; ++column) {
      finished[column] = std::max(finished[column], released) + kept_now[column];
      reduced[row] = std::max(reduced[row], finished[column]);
    }
  }
  return reduced[rows_ - 1];
}

}  // namespace wafersim
