// Watches the rows of a smaller band, and says whether they prove what the rows left out would do.
//
// Take a run of equal rows, and leave some out, with what lies below following at once. The last row above
// them is their model. What arrives from the north comes in epochs; in this smaller band, let
// (a) what happens on the links into the first row below the model be, event for event, what happened on
//     those into the model, d cycles before, with a d for each epoch that is larger than the one before: the
//     wavelets that came, and those that had no room;
// (b) the model, and every row below, be at rest when an epoch reaches it, and already when it reaches the
//     row above; and so would a copy of the model that comes d later.
// Then every row left out does what the model does, later by d each, and everything below does what it does
// here, later by d for each row left out. For: a row is a function of its own state, of what comes in from
// the north and of room in the south. Put the copies in; each gets what its model got, d later, finds room or
// none when its model did, and begins each epoch from the same state, as a row at rest does not feel time
// pass, and one epoch is over in a row before the next begins above it, the more so the farther they have
// spread. So the whole band with the copies obeys all its rules, and what obeys them is unique. (Room counts
// only when somebody wants it, and then it shows: a wavelet comes, or is held.) Where rows are alike by twos,
// read "two rows" for "row".
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fold_plan.hpp"
#include "mesh/fast/row_engine.hpp"

namespace wafersim {

class FoldProof {
 public:
  // Of an engine that has the rows that are kept and has not run. `by_value` says which colors, by index, are
  // compared in value, too.
  FoldProof(fast::RowEngine& engine, const std::vector<Fold>& folds, const KeptRows& kept,
            const std::vector<bool>& by_value);

  // Whether nothing speaks against it so far; of a run that has ended, whether it is proven. Else `culprit`
  // is the number of a fold that leaves out too much.
  [[nodiscard]] bool holds(bool ended);
  [[nodiscard]] std::size_t culprit() const { return culprit_; }

  // A cycle of its model in the life of a row of the band. What happened before the first arrival happens to
  // all at once.
  [[nodiscard]] std::uint64_t moved(std::uint32_t y, std::uint64_t cycle) const;

 private:
  struct Watched {
    const Fold* fold{};
    std::size_t number{};
    std::unique_ptr<fast::LinkComparison> links;
  };
  // When an epoch reached a row; nothing if it did not.
  using Times = std::vector<std::optional<std::uint64_t>>;  // by epoch
  [[nodiscard]] bool trace(const Watched& it);
  [[nodiscard]] std::optional<Times> reach(std::uint32_t row, const Times& above) const;
  [[nodiscard]] bool is_over_in_copies(const Watched& it, const Times& last) const;

  fast::RowEngine& engine_;
  const KeptRows& kept_;
  std::vector<Watched> watched_;  // folds that leave rows out
  std::vector<Times> reached_;    // by row of the engine
  std::size_t culprit_{};
};

}  // namespace wafersim
