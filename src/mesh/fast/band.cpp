// Visits the rows of a band in one of several orders that all give the same result.
#include "band.hpp"

#include <algorithm>

namespace wafersim::fast {
namespace {

constexpr Cycle kSkewedCycles = 12;  // one visit of a row covers so many cycles while it is in the cache
constexpr Cycle kCyclesPerStopCheck = 64;

}  // namespace

void Band::decide(std::size_t y, Cycle now) {
  Row* north = y > 0 ? rows_[y - 1] : nullptr;
  Row* south = row(y + 1);
  if (now == 0 || rows_[y]->needs_visit(now, north, south)) rows_[y]->decide(now, north, south);
}

void Band::commit(std::size_t y, Cycle now) {
  rows_[y]->commit(now, y > 0 ? rows_[y - 1] : nullptr, row(y + 1));
}

void Band::cycle_in_lockstep(Cycle now) {
  const std::size_t count = rows_.size();
  if (order_ == VisitOrder::reversed) {
    for (std::size_t y = count; y-- > 0;) decide(y, now);
    for (std::size_t y = count; y-- > 0;) commit(y, now);
    return;
  }
  for (std::size_t y = 0; y < count; ++y) decide(y, now);
  for (std::size_t y = 0; y < count; ++y) commit(y, now);
}

// Row r runs three rows behind for each cycle ahead: deciding a row needs its neighbours as they were at the
// start of the cycle, committing it needs their decisions.
void Band::cycles_skewed(Cycle from, Cycle count) {
  const std::size_t rows = rows_.size();
  const std::size_t fronts = rows + 1 + 3 * static_cast<std::size_t>(count - 1);
  for (std::size_t front = 0; front < fronts; ++front) {
    for (Cycle ahead = 0; ahead < count && 3 * ahead <= front; ++ahead) {
      const std::size_t y = front - 3 * static_cast<std::size_t>(ahead);
      if (y < rows) decide(y, from + ahead);
      if (y >= 1 && y - 1 < rows) commit(y - 1, from + ahead);
    }
  }
}

Cycle Band::next_event() const {
  Cycle next = kNever;
  for (const Row* row : rows_) {
    if (now_ == 0 || row->last_active() == now_ - 1) return now_;
    next = std::min(next, row->next_timer(now_));
  }
  return next;
}

void Band::advance(Cycle until, const std::atomic<bool>* stop) {
  const bool skewed = rows_.size() > 1 && (order_ == VisitOrder::automatic || order_ == VisitOrder::skewed);
  Cycle check = now_;
  while (!quiet_ && now_ < until) {
    if (stop != nullptr && now_ >= check) {
      if (stop->load(std::memory_order_relaxed)) return;
      check = now_ + kCyclesPerStopCheck;
    }
    const Cycle next = next_event();
    if (next == kNever) {
      quiet_ = true;
      return;
    }
    now_ = std::min(next, until);
    if (now_ == until) return;
    const Cycle count = skewed ? std::min(kSkewedCycles, until - now_) : 1;
    if (skewed) {
      cycles_skewed(now_, count);
    } else {
      cycle_in_lockstep(now_);
    }
    now_ += count;
  }
}

}  // namespace wafersim::fast
