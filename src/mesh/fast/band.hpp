// Rows that vertical routes tie together, advanced as one; bands know nothing of each other.
#pragma once

#include <memory>
#include <vector>

#include "row.hpp"

namespace wafersim::fast {

class Band {
 public:
  Band(std::vector<Row*> rows, VisitOrder order) : rows_{std::move(rows)}, order_{order} {}

  // Runs the cycles before `until`; gives up early when `stop` is set.
  void advance(Cycle until, const std::atomic<bool>* stop);
  // True once nothing can happen any more without something new from outside.
  [[nodiscard]] bool is_quiet() const { return quiet_; }
  void wake() { quiet_ = false; }
  [[nodiscard]] Cycle now() const { return now_; }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

 private:
  [[nodiscard]] Row* row(std::size_t y) const { return y < rows_.size() ? rows_[y] : nullptr; }
  void decide(std::size_t y, Cycle now);
  void commit(std::size_t y, Cycle now);
  void cycle_in_lockstep(Cycle now);
  void cycles_skewed(Cycle from, Cycle count);
  // The first cycle from `now` on in which something can happen.
  [[nodiscard]] Cycle next_event() const;

  std::vector<Row*> rows_;
  VisitOrder order_;
  Cycle now_{};
  bool quiet_ = false;
};

}  // namespace wafersim::fast
