// A band of rows that vertical routes tie together, of which equal rows are run once (fold_proof.hpp says
// when).
#pragma once

#include "wafersim/mesh/engine.hpp"

namespace wafersim {

// Runs some rows of each run alone, and more of them until they prove the rest; at worst all. Only run()
// folds: an engine that is advanced to a given cycle has all rows, as rows that are left out shift the time
// of those below. Values are kept for the rows above the first one that is left out. After a folded run
// nothing can be injected.
[[nodiscard]] std::unique_ptr<MeshEngine> make_folded_band(MeshPlan band, const FastEngineOptions& options);

}  // namespace wafersim
