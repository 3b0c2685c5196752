// Runs of equal rows inside a band, of which a few may stand for all.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/mesh/layout.hpp"

namespace wafersim {

// For each program the first one that equals it.
[[nodiscard]] std::vector<std::uint16_t> first_equals(const std::vector<Program>& programs);
[[nodiscard]] bool uses(const Route& route, Port port);
// The plan with these rows alone, one below the other.
[[nodiscard]] MeshPlan plan_of_rows(const MeshPlan& whole, const std::vector<std::uint32_t>& rows);

// Rows of which each equals the one that lies `period` rows above it: the sums of a column change colors from
// row to row, so that every other row is alike.
struct RowRun {
  std::uint32_t first{};
  std::uint32_t rows{};  // a multiple of the period
  std::uint32_t period = 1;
};
struct RowRuns {
  std::vector<RowRun> runs;           // from north to south, of `least` periods or more
  std::vector<bool> steering_colors;  // by index: their values decide addresses, and so bank conflicts
};
// Rows agree if they do in every route and program. None if a route leads north, or where the edge feeds a
// row from there on south, or where an address comes from anything but wavelets from the north. Below each
// run there is a row: of one that reaches to the end of the band, the last period is left off.
[[nodiscard]] RowRuns find_runs(const MeshPlan& band, std::uint32_t least);

}  // namespace wafersim
