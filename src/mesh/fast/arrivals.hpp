// Whether what comes into a row from the north is, wavelet for wavelet, what came into a row above it, one
// delay later.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "fifo_row.hpp"

namespace wafersim::fast {

// Of one color, in one word of PEs, in one cycle.
struct Arrival {
  std::uint64_t cycle{};
  std::size_t color{};
  std::uint32_t word{};
  Word mask{};
  Word control{};
  std::vector<std::uint32_t> values{};  // if they count

  [[nodiscard]] bool is_like(const Arrival& other) const {
    return color == other.color && word == other.word && mask == other.mask && control == other.control &&
           values == other.values;
  }
};

class ArrivalComparison {
 public:
  // `by_value` says which colors, by index, are compared in value, too.
  explicit ArrivalComparison(std::vector<bool> by_value) : by_value_{std::move(by_value)} {}

  // Into the upper row, and into the lower one; each in order of time. In every visiting order the upper row
  // has made a cycle happen before the lower one makes a later one happen.
  void note_above(std::uint64_t cycle, std::size_t color, std::uint32_t word, Word mask, Word control,
                  const std::uint32_t* values) {
    if (equal_) waiting_.push_back(arrival(cycle, color, word, mask, control, values));
  }
  void note_below(std::uint64_t cycle, std::size_t color, std::uint32_t word, Word mask, Word control,
                  const std::uint32_t* values) {
    if (!equal_) return;
    const Arrival found = arrival(cycle, color, word, mask, control, values);
    equal_ = !waiting_.empty() && waiting_.front().is_like(found) &&
             delay_.value_or(cycle - waiting_.front().cycle) == cycle - waiting_.front().cycle;
    if (!equal_) {
      waiting_.clear();
      return;
    }
    delay_ = cycle - waiting_.front().cycle;
    waiting_.pop_front();
  }

  // So far.
  [[nodiscard]] bool equal() const { return equal_; }
  // All that came into the upper row has come into the lower one.
  [[nodiscard]] bool complete() const { return equal_ && waiting_.empty(); }
  // 0 if nothing came.
  [[nodiscard]] std::uint64_t delay() const { return delay_.value_or(0); }

 private:
  [[nodiscard]] Arrival arrival(std::uint64_t cycle, std::size_t color, std::uint32_t word, Word mask,
                                Word control, const std::uint32_t* values) const {
    Arrival it{.cycle = cycle, .color = color, .word = word, .mask = mask, .control = control & mask};
    if (by_value_[color]) for_each_bit(mask, [&](std::uint32_t i) { it.values.push_back(values[i]); });
    return it;
  }

  std::vector<bool> by_value_;
  std::deque<Arrival> waiting_;
  std::optional<std::uint64_t> delay_;
  bool equal_ = true;
};

}  // namespace wafersim::fast
