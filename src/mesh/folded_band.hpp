// A band of rows that vertical routes tie together, of which equal rows are run once.
//
// Take a run of equal rows, and let only the first few of them be there, with what lies below following at
// once. The last of the few is the model of those left out. If in this smaller band
// - what happens on the links into the row below the model is, event for event, what happened on those into
//   the model d cycles before: the wavelets that came, and those that had no room,
// - the model, and every row below, was at rest when the first wavelet reached it, each later than the row
//   above it,
// then every row left out does what the model does, d cycles later each, and everything below does what it
// does here, later by d for each row left out. For: a row is a function of its own state, of what comes in
// from the north and of room in the south. Put the copies in; each gets what its model got, d later, finds
// room or none when its model did, and begins from the same state, as a row at rest does not feel time pass.
// So the whole band with the copies obeys all its rules, and what obeys them is unique. (Room counts only
// when somebody wants it, and then it shows: a wavelet comes, or is held.) Where rows are alike by twos, read
// "two rows" for "row".
#pragma once

#include "wafersim/mesh/engine.hpp"

#include "runs.hpp"

namespace wafersim {

// Periods of a run that are tried first: the first one gets its wavelets from other rows, so that only the
// second may be a model.
inline constexpr std::uint32_t kFirstPeriods = 2;

// Runs some rows of each run alone, and more of them until the above holds; at worst all. Only run() folds:
// an engine that is advanced to a given cycle has all rows, as rows that are left out shift the time of those
// below. Values are kept for the rows above the first one that is left out. After a folded run nothing can be
// injected.
[[nodiscard]] std::unique_ptr<MeshEngine> make_folded_band(MeshPlan band, const FastEngineOptions& options);

}  // namespace wafersim
