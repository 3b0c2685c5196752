// A band of rows that vertical routes tie together, of which equal rows are run once.
//
// Take a run of equal rows, and let only the first few of them be there, with what lies below following at
// once. If in this smaller band
// - what comes into the last of the few is, wavelet for wavelet, what came into the one above it d cycles
// before,
// - neither of the two ever waited for room to the south,
// - these two, and every row below, were at rest when the first wavelet reached them, each later than the row
//   above it,
// then every further row of the run does what the last of the few does, d cycles later each, and everything
// below does what it does here, later by d for each row left out. For: a row is a function of its own state
// and of what comes in from the north and of room in the south. Put the copies in; each gets what its model
// got, d later, finds room where its model did, and begins from the same state, as a row at rest does not
// feel time pass. So the whole band with the copies obeys all its rules, and what obeys them is unique. Where
// rows are alike by twos, read "two rows" for "row".
#pragma once

#include "wafersim/mesh/engine.hpp"

#include "runs.hpp"

namespace wafersim {

// Periods of a run that are tried first: the second one may still differ from the first, which gets its
// wavelets from other rows.
inline constexpr std::uint32_t kFirstPeriods = 3;

// Runs some rows of each run alone, and more of them until the above holds; at worst all. Only run() folds:
// an engine that is advanced to a given cycle has all rows, as rows that are left out shift the time of those
// below. Values are kept for the rows above the first one that is left out. After a folded run nothing can be
// injected.
[[nodiscard]] std::unique_ptr<MeshEngine> make_folded_band(MeshPlan band, const FastEngineOptions& options);

}  // namespace wafersim
