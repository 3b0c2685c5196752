// Whether what happens on the links into a row from the north is, event for event, what happened on those
// into a row above it, one delay later; the delay may grow a few times.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "fifo_row.hpp"

namespace wafersim::fast {

// Wavelets of one color, in one word of PEs, in one cycle: that came over the links, or that have no room
// there from now on, until that changes.
struct LinkEvent {
  std::uint64_t cycle{};
  std::size_t color{};
  std::uint32_t word{};
  Word mask{};
  Word control{};
  bool held = false;
  std::vector<std::uint32_t> values{};  // if they count

  [[nodiscard]] bool is_like(const LinkEvent& other) const {
    return color == other.color && word == other.word && mask == other.mask && control == other.control &&
           held == other.held && values == other.values;
  }
};

// Events from this cycle on, of the upper links, that come so much later to the lower ones.
struct Epoch {
  std::uint64_t from{};
  std::uint64_t delay{};
};

class LinkComparison {
 public:
  // `by_value` says which colors, by index, are compared in value, too.
  explicit LinkComparison(std::vector<bool> by_value) : by_value_{std::move(by_value)} {}

  [[nodiscard]] LinkEvent arrival(std::uint64_t cycle, std::size_t color, std::uint32_t word, Word mask,
                                  Word control, const std::uint32_t* values) const {
    LinkEvent it{.cycle = cycle, .color = color, .word = word, .mask = mask, .control = control & mask};
    if (by_value_[color]) for_each_bit(mask, [&](std::uint32_t i) { it.values.push_back(values[i]); });
    return it;
  }

  // On the links into the upper row, and into the lower one; each in order of time. In every visiting order
  // the upper row has made a cycle happen before the lower one makes a later one happen.
  void note_above(LinkEvent event) {
    if (equal_) waiting_.push_back(std::move(event));
  }
  void note_below(const LinkEvent& event) {
    if (!equal_) return;
    equal_ = !waiting_.empty() && waiting_.front().is_like(event) && fits(waiting_.front(), event);
    if (equal_) {
      waiting_.pop_front();
    } else {
      waiting_.clear();
    }
  }

  // So far.
  [[nodiscard]] bool equal() const { return equal_; }
  // All that happened above has happened below.
  [[nodiscard]] bool complete() const { return equal_ && waiting_.empty(); }
  // None if nothing happened.
  [[nodiscard]] const std::vector<Epoch>& epochs() const { return epochs_; }

 private:
  static constexpr std::size_t kMostEpochs = 4;

  // An arrival may begin an epoch.
  [[nodiscard]] bool fits(const LinkEvent& above, const LinkEvent& below) {
    const std::uint64_t delay = below.cycle - above.cycle;
    if (!epochs_.empty() && epochs_.back().delay == delay) return true;
    const bool later = epochs_.empty() || epochs_.back().delay < delay;
    if (!later || below.held || epochs_.size() == kMostEpochs) return false;
    epochs_.push_back({above.cycle, delay});
    return true;
  }

  std::vector<bool> by_value_;
  std::deque<LinkEvent> waiting_;
  std::vector<Epoch> epochs_;
  bool equal_ = true;
};

}  // namespace wafersim::fast
