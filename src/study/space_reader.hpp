// Reads the parts of a study file that span its points; private to this room.
#pragma once

#include <vector>

#include "wafersim/config/tree.hpp"
#include "wafersim/study/study.hpp"

namespace wafersim::study_detail {

// `sweep:` keys with lists: every value with every value of the others.
[[nodiscard]] std::vector<Factor> read_grid(const Tree& grid, Problems& problems);
// `zip:` keys with lists of one length: first values together, second values together.
[[nodiscard]] std::vector<Factor> read_zip(const Tree& zip, Problems& problems);
// `list:` points written out.
[[nodiscard]] std::vector<Factor> read_list(const Tree& list, Problems& problems);
// `random:` so many points, drawn from choices and ranges.
[[nodiscard]] std::vector<Factor> read_random(const Tree& random, Problems& problems);

// `derive:` keys with expressions, and `where:` conditions. Expressions that cannot be parsed are problems.
[[nodiscard]] std::vector<Formula> read_derived(const Tree& derive, Problems& problems);
[[nodiscard]] std::vector<Formula> read_conditions(const Tree& where, Problems& problems);

}  // namespace wafersim::study_detail
