// The queues of one color in all PEs of a row: fill levels as bit planes, values side by side.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "masked_copy.hpp"

namespace wafersim::fast {

using Word = std::uint64_t;
using Plane = std::vector<Word>;
inline constexpr std::uint32_t kWordBits = 64;

[[nodiscard]] inline bool bit(const Plane& plane, std::uint32_t x) {
  return ((plane[x / kWordBits] >> (x % kWordBits)) & 1U) != 0;
}
inline void set_bit(Plane& plane, std::uint32_t x) {
  plane[x / kWordBits] |= Word{1} << (x % kWordBits);
}
inline void clear_bit(Plane& plane, std::uint32_t x) {
  plane[x / kWordBits] &= ~(Word{1} << (x % kWordBits));
}

template <class Visit>
void for_each_bit(Word word, Visit&& visit) {
  for (; word != 0; word &= word - 1) visit(static_cast<std::uint32_t>(std::countr_zero(word)));
}

// Level i of a PE is set when it holds more than i wavelets; slot 0 is the head.
class FifoRow {
 public:
  FifoRow() = default;
  FifoRow(std::uint32_t words, std::uint32_t depth, bool with_control, MaskedCopy copy)
      : depth_{depth}, copy_{copy}, levels_(depth, Plane(words)), values_(depth) {
    for (auto& slot : values_) slot.assign(std::size_t{words} * kWordBits, 0);
    if (with_control) control_.assign(depth, Plane(words));
  }

  [[nodiscard]] bool exists() const { return depth_ != 0; }
  [[nodiscard]] std::uint32_t depth() const { return depth_; }
  [[nodiscard]] Word any(std::uint32_t w) const { return levels_[0][w]; }
  [[nodiscard]] Word full(std::uint32_t w) const { return levels_[depth_ - 1][w]; }
  [[nodiscard]] Word more_than(std::uint32_t level, std::uint32_t w) const { return levels_[level][w]; }
  [[nodiscard]] Word control_of_heads(std::uint32_t w) const { return control_.empty() ? 0 : control_[0][w]; }
  [[nodiscard]] const std::uint32_t* heads(std::uint32_t w) const { return &values_[0][w * kWordBits]; }

  // Removes the heads of the PEs in the mask, which must have one.
  void pop(std::uint32_t w, Word mask) {
    for (std::uint32_t i = 0; i + 1 < depth_; ++i) {
      const Word moved = mask & levels_[i + 1][w];
      if (moved != 0) {
        copy_(&values_[i][w * kWordBits], &values_[i + 1][w * kWordBits], moved);
        if (!control_.empty()) control_[i][w] = (control_[i][w] & ~moved) | (control_[i + 1][w] & moved);
      }
      levels_[i][w] = (levels_[i][w] & ~mask) | moved;
      if (moved == 0) return;
    }
    levels_[depth_ - 1][w] &= ~mask;
  }

  // Appends a value to each PE in the mask, which must have room; `control` says which carry the bit.
  void push(std::uint32_t w, Word mask, const std::uint32_t* values, Word control) {
    for (std::uint32_t i = 0; mask != 0; ++i) {
      const Word here = mask & ~levels_[i][w];
      if (here == 0) continue;
      copy_(&values_[i][w * kWordBits], values, here);
      if (!control_.empty()) control_[i][w] = (control_[i][w] & ~here) | (control & here);
      levels_[i][w] |= here;
      mask &= ~here;
    }
  }

  // The same for one PE.
  [[nodiscard]] std::uint32_t head(std::uint32_t x) const { return values_[0][x]; }
  [[nodiscard]] bool is_full(std::uint32_t x) const { return bit(levels_[depth_ - 1], x); }
  [[nodiscard]] std::uint32_t count(std::uint32_t x) const {
    std::uint32_t n = 0;
    while (n < depth_ && bit(levels_[n], x)) ++n;
    return n;
  }
  [[nodiscard]] std::pair<std::uint32_t, bool> at(std::uint32_t slot, std::uint32_t x) const {
    return {values_[slot][x], !control_.empty() && bit(control_[slot], x)};
  }
  void pop_one(std::uint32_t x) { pop(x / kWordBits, Word{1} << (x % kWordBits)); }
  void push_one(std::uint32_t x, std::uint32_t value, bool control) {
    const std::uint32_t slot = count(x);
    values_[slot][x] = value;
    set_bit(levels_[slot], x);
    if (control_.empty()) return;
    control ? set_bit(control_[slot], x) : clear_bit(control_[slot], x);
  }

  [[nodiscard]] std::size_t bytes() const {
    if (depth_ == 0) return 0;
    return depth_ * values_[0].size() * 4 + (levels_.size() + control_.size()) * levels_[0].size() * 8;
  }

 private:
  std::uint32_t depth_{};
  MaskedCopy copy_{};
  std::vector<Plane> levels_;
  std::vector<Plane> control_;  // empty when no wavelet of the color ever carries the bit
  std::vector<std::vector<std::uint32_t>> values_;
};

// A queue behind a ramp: what was pushed in the last `delay` - 1 cycles cannot be taken yet.
class RampRow {
 public:
  RampRow() = default;
  RampRow(std::uint32_t words, std::uint32_t depth, std::uint32_t delay, bool with_control, MaskedCopy copy)
      : queue{words, depth, with_control, copy}, young_(delay, Plane(words)) {}

  [[nodiscard]] bool exists() const { return queue.exists(); }

  // PEs whose head has passed the ramp.
  [[nodiscard]] Word ready(std::uint32_t w) const {
    Word ready = 0;
    if (young_.size() == 2) return (queue.more_than(0, w) & ~young_[1][w]) | queue.more_than(1, w);
    std::vector<Word> recent(young_.size());  // thermometer: recent[i] where more than i were pushed lately
    for (std::size_t age = 1; age < young_.size(); ++age) {
      Word carry = young_[age][w];
      for (std::size_t i = 0; carry != 0; ++i) {
        const Word both = recent[i] & carry;
        recent[i] |= carry;
        carry = both;
      }
    }
    for (std::uint32_t i = 0; i < queue.depth(); ++i) {
      ready |= queue.more_than(i, w) & ~(i < recent.size() ? recent[i] : 0);
    }
    return ready;
  }
  [[nodiscard]] bool is_ready(std::uint32_t x) const {
    return queue.exists() && ((ready(x / kWordBits) >> (x % kWordBits)) & 1U) != 0;
  }

  void push(std::uint32_t w, Word mask, const std::uint32_t* values, Word control) {
    queue.push(w, mask, values, control);
    young_[0][w] |= mask;
    has_young_ = true;
  }
  void push_one(std::uint32_t x, std::uint32_t value, bool control) {
    queue.push_one(x, value, control);
    set_bit(young_[0], x);
    has_young_ = true;
  }

  // Ends a cycle; true if something was on the ramp, so that the next cycle may see it arrive.
  bool age() {
    if (!has_young_) return false;
    has_young_ = false;
    for (std::size_t i = young_.size() - 1; i > 0; --i) {
      young_[i].swap(young_[i - 1]);
      for (const Word word : young_[i]) has_young_ |= word != 0;
    }
    std::fill(young_[0].begin(), young_[0].end(), 0);
    return true;
  }

  [[nodiscard]] std::size_t bytes() const {
    return queue.bytes() + (young_.empty() ? 0 : young_.size() * young_[0].size() * 8);
  }

  FifoRow queue;

 private:
  std::vector<Plane> young_;  // [0]: pushed in this cycle, [i]: i cycles ago
  bool has_young_ = false;
};

}  // namespace wafersim::fast
