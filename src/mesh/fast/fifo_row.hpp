// The queues of one color in all PEs of a row: fill levels as bit planes, values side by side.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "wafersim/base/bits.hpp"

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

// Some PEs of a row, numbered from the west.
class Members {
 public:
  Members() = default;
  explicit Members(Plane plane) : plane_{std::move(plane)} {
    for (const Word word : plane_) {
      before_.push_back(count_);
      count_ += count_bits(word);
    }
  }
  [[nodiscard]] bool contains(std::uint32_t x) const { return bit(plane_, x); }
  [[nodiscard]] std::uint32_t number(std::uint32_t x) const {
    const Word west = (Word{1} << (x % kWordBits)) - 1;
    return before_[x / kWordBits] + count_bits(plane_[x / kWordBits] & west);
  }
  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t bytes() const { return plane_.size() * (sizeof(Word) + sizeof(std::uint32_t)); }

 private:
  Plane plane_;
  std::vector<std::uint32_t> before_;
  std::uint32_t count_{};
};

// Level i of a PE is set when it holds more than i wavelets; slot 0 is the head. Values lie side by side,
// either of all PEs, which is fast, or of the few that use the queue, which is small.
class FifoRow {
 public:
  FifoRow() = default;
  FifoRow(std::uint32_t words, std::uint32_t depth, bool with_control, MaskedCopy copy, Members only = {})
      : depth_{depth}, copy_{copy}, only_{std::move(only)} {
    places_ = only_.empty() ? words * kWordBits + 2 * kGuard : only_.count();
    levels_.assign(std::size_t{depth} * words, 0);
    values_.assign(std::size_t{depth} * places_, 0);
    control_words_ = only_.empty() ? words : only_.count() / kWordBits + 1;
    if (with_control) control_.assign(std::size_t{depth} * control_words_, 0);
  }

  [[nodiscard]] bool exists() const { return depth_ != 0; }
  [[nodiscard]] std::uint32_t depth() const { return depth_; }
  [[nodiscard]] Word any(std::uint32_t w) const { return more_than(0, w); }
  [[nodiscard]] Word full(std::uint32_t w) const { return more_than(depth_ - 1, w); }
  [[nodiscard]] Word more_than(std::uint32_t level, std::uint32_t w) const {
    return levels_[w * depth_ + level];
  }
  [[nodiscard]] Word control_of_heads(std::uint32_t w) const {
    return control_.empty() ? 0 : control_of(0, w, any(w));
  }
  // The heads of a word of PEs, if all have a place; those before and behind it may be read, too.
  [[nodiscard]] const std::uint32_t* heads(std::uint32_t w) const { return &values_[kGuard + w * kWordBits]; }
  // The heads of the PEs in the mask, each at its place in 64 words; `space` is used if they lie elsewhere.
  [[nodiscard]] const std::uint32_t* heads(std::uint32_t w, Word mask, std::uint32_t* space) const {
    if (only_.empty()) return heads(w);
    for_each_bit(mask, [&](std::uint32_t i) { space[i] = head(w * kWordBits + i); });
    return space;
  }

  // Removes the heads of the PEs in the mask, which must have one.
  void pop(std::uint32_t w, Word mask) {
    for (std::uint32_t i = 0; i + 1 < depth_; ++i) {
      const Word moved = mask & level(i + 1, w);
      if (moved != 0) {
        fill(i, w, moved, [&](std::uint32_t place, std::uint32_t) { return &value(i + 1, place); });
        if (!control_.empty()) set_control(i, w, moved, control_of(i + 1, w, moved));
      }
      level(i, w) = (level(i, w) & ~mask) | moved;
      if (moved == 0) return;
    }
    level(depth_ - 1, w) &= ~mask;
  }

  // Appends a value to each PE in the mask, which must have room; `control` says which carry the bit.
  void push(std::uint32_t w, Word mask, const std::uint32_t* values, Word control) {
    for (std::uint32_t i = 0; mask != 0; ++i) {
      const Word here = mask & ~level(i, w);
      if (here == 0) continue;
      fill(i, w, here, [&](std::uint32_t, std::uint32_t x) { return &values[x]; });
      if (!control_.empty()) set_control(i, w, here, control);
      level(i, w) |= here;
      mask &= ~here;
    }
  }

  // The same for one PE.
  [[nodiscard]] std::uint32_t head(std::uint32_t x) const { return values_[place(x)]; }
  [[nodiscard]] bool is_full(std::uint32_t x) const { return holds_more_than(depth_ - 1, x); }
  [[nodiscard]] std::uint32_t count(std::uint32_t x) const {
    std::uint32_t n = 0;
    while (n < depth_ && holds_more_than(n, x)) ++n;
    return n;
  }
  [[nodiscard]] std::pair<std::uint32_t, bool> at(std::uint32_t slot, std::uint32_t x) const {
    const Word one = Word{1} << (x % kWordBits);
    return {values_[slot * places_ + place(x)],
            !control_.empty() && control_of(slot, x / kWordBits, one) != 0};
  }
  void pop_one(std::uint32_t x) {
    const std::uint32_t w = x / kWordBits;
    const Word one = Word{1} << (x % kWordBits);
    const std::uint32_t number = only_.empty() ? x : only_.number(x);
    const std::uint32_t at = only_.empty() ? kGuard + x : number;
    std::uint32_t last = 0;
    for (; last + 1 < depth_ && (level(last + 1, w) & one) != 0; ++last) {
      value(last, at) = value(last + 1, at);
      if (!control_.empty()) copy_control(last, number);
    }
    level(last, w) &= ~one;
  }
  void push_one(std::uint32_t x, std::uint32_t wavelet, bool control) {
    const std::uint32_t slot = count(x);
    const Word one = Word{1} << (x % kWordBits);
    value(slot, place(x)) = wavelet;
    level(slot, x / kWordBits) |= one;
    if (!control_.empty()) set_control(slot, x / kWordBits, one, control ? one : 0);
  }

  [[nodiscard]] std::size_t bytes() const {
    return values_.size() * sizeof(std::uint32_t) + (levels_.size() + control_.size()) * sizeof(Word) +
           only_.bytes();
  }

 private:
  static constexpr std::uint32_t kGuard = 16;  // places before the first PE and behind the last

  [[nodiscard]] Word& level(std::uint32_t i, std::uint32_t w) { return levels_[w * depth_ + i]; }
  [[nodiscard]] std::uint32_t& value(std::uint32_t slot, std::uint32_t at) {
    return values_[slot * places_ + at];
  }
  [[nodiscard]] bool holds_more_than(std::uint32_t i, std::uint32_t x) const {
    return ((more_than(i, x / kWordBits) >> (x % kWordBits)) & 1U) != 0;
  }
  [[nodiscard]] std::uint32_t place(std::uint32_t x) const {
    return only_.empty() ? kGuard + x : only_.number(x);
  }
  [[nodiscard]] Word control_of(std::uint32_t slot, std::uint32_t w, Word mask) const {
    const Word* const plane = &control_[slot * control_words_];
    if (only_.empty()) return plane[w] & mask;
    Word control = 0;
    for_each_bit(mask, [&](std::uint32_t i) {
      const std::uint32_t at = only_.number(w * kWordBits + i);
      control |= ((plane[at / kWordBits] >> (at % kWordBits)) & 1U) << i;
    });
    return control;
  }
  void set_control(std::uint32_t slot, std::uint32_t w, Word mask, Word control) {
    Word* const plane = &control_[slot * control_words_];
    if (only_.empty()) {
      plane[w] = (plane[w] & ~mask) | (control & mask);
      return;
    }
    for_each_bit(mask, [&](std::uint32_t i) {
      const std::uint32_t at = only_.number(w * kWordBits + i);
      const Word one = Word{1} << (at % kWordBits);
      Word& word = plane[at / kWordBits];
      word = ((control >> i) & 1U) != 0 ? word | one : word & ~one;
    });
  }
  // From the slot behind this one, for the PE with this number.
  void copy_control(std::uint32_t slot, std::uint32_t number) {
    Word* const to = &control_[slot * control_words_ + number / kWordBits];
    const Word from = control_[(slot + 1) * control_words_ + number / kWordBits];
    const Word one = Word{1} << (number % kWordBits);
    *to = (*to & ~one) | (from & one);
  }
  // Fills the places of the PEs in the mask from source(place, x in its word).
  template <class Source>
  void fill(std::uint32_t slot, std::uint32_t w, Word mask, Source&& source) {
    if (only_.empty()) {
      const std::uint32_t first = kGuard + w * kWordBits;
      copy_(&value(slot, first), source(first, 0), mask);
      return;
    }
    for_each_bit(mask, [&](std::uint32_t i) {
      const std::uint32_t at = only_.number(w * kWordBits + i);
      value(slot, at) = *source(at, i);
    });
  }

  // The levels of a word of PEs lie side by side; control bits and values of one slot lie behind those of the
  // slot before.
  std::uint32_t depth_{}, places_{}, control_words_{};
  MaskedCopy copy_{};
  Members only_;  // if empty, all PEs have a place
  Plane levels_;
  Plane control_;  // empty when no wavelet of the color ever carries the bit
  std::vector<std::uint32_t> values_;
};

// A queue behind a ramp: what was pushed in the last `delay` - 1 cycles cannot be taken yet.
class RampRow {
 public:
  RampRow() = default;
  RampRow(std::uint32_t words, std::uint32_t depth, std::uint32_t delay, bool with_control, MaskedCopy copy,
          Members only)
      : queue{words, depth, with_control, copy, std::move(only)},
        words_{words},
        delay_{delay},
        young_(std::size_t{delay} * words) {}

  [[nodiscard]] bool exists() const { return queue.exists(); }

  // PEs whose head has passed the ramp.
  [[nodiscard]] Word ready(std::uint32_t w) const {
    Word ready = 0;
    if (delay_ == 2) return (queue.more_than(0, w) & ~young_[words_ + w]) | queue.more_than(1, w);
    std::vector<Word> recent(delay_);  // thermometer: recent[i] where more than i were pushed lately
    for (std::uint32_t age = 1; age < delay_; ++age) {
      Word carry = young_[age * words_ + w];
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
    young_[w] |= mask;
    has_young_ = true;
  }
  void push_one(std::uint32_t x, std::uint32_t value, bool control) {
    queue.push_one(x, value, control);
    set_bit(young_, x);
    has_young_ = true;
  }

  // Ends a cycle; true if something was on the ramp, so that the next cycle may see it arrive.
  bool age() {
    if (!has_young_) return false;
    std::copy_backward(young_.begin(), young_.end() - words_, young_.end());
    std::fill_n(young_.begin(), words_, 0);
    has_young_ = std::any_of(young_.begin(), young_.end(), [](Word word) { return word != 0; });
    return true;
  }

  [[nodiscard]] std::size_t bytes() const { return queue.bytes() + young_.size() * sizeof(Word); }

  FifoRow queue;

 private:
  std::uint32_t words_{}, delay_{};
  Plane young_;  // one plane after the other: pushed in this cycle, a cycle ago, ...
  bool has_young_ = false;
};

}  // namespace wafersim::fast
