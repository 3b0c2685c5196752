// Rows of PEs that provably do the same, and an engine that runs few of them.
//
// A band is a stretch of rows that vertical routes tie together; nothing passes between bands. A PE is a
// function of its program, its routes, the parameters and what arrives, and the program's timing does not
// look at values (a band whose programs do, or which the edge of the grid feeds, is left alone). So bands
// that agree in every route and program of every PE do the same in every cycle. Inside a band, equal rows may
// do the same one after the other: docs/mesh.md, "Folding".
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "wafersim/mesh/engine.hpp"

namespace wafersim {

struct BandClass {
  std::uint32_t rows{};                // of a band
  std::vector<std::uint32_t> members;  // first row of each band; the first member represents all
};
// In the order of their representatives.
[[nodiscard]] std::vector<BandClass> fold_rows(const MeshPlan& plan);

// Rows that a folded engine begins with: of each class one band, and of equal rows in it the first few. It
// takes more where these do not prove the others, which only a run tells.
[[nodiscard]] std::uint64_t rows_tried_first(const MeshPlan& plan);

// Runs one of equal bands, and of equal rows in a band as few as prove the others (MeshEngine::rows_run).
// Cycles, counts, activity and state are those of the whole grid; values are kept for representatives above
// the first row that is left out: writes elsewhere are dropped, and reads there throw std::logic_error (see
// keeps_values). After a run() that left rows out, inject() throws std::logic_error.
[[nodiscard]] std::unique_ptr<MeshEngine> make_folded_engine(MeshPlan plan,
                                                             const FastEngineOptions& options = {});

}  // namespace wafersim
