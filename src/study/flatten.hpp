// A result as a list of named values; private to this room.
#pragma once

#include <string>
#include <vector>

#include "wafersim/config/machine.hpp"
#include "wafersim/config/tree.hpp"

namespace wafersim::study_detail {

// Every scalar below `tree` with its path: `stations.node.io.bytes`. Items of a list are called by their name
// or part where they have one, otherwise by their number.
[[nodiscard]] std::vector<Override> flatten(const Tree& tree, const std::string& path = {});

// The figures of a result: all of it but schema, version, inputs and tolerances.
[[nodiscard]] std::vector<Override> figures_of(const Tree& result);
// Its inputs, keys as `--set` takes them.
[[nodiscard]] std::vector<Override> inputs_of(const Tree& result);

// Whether two texts are the same value: 1e3 is 1000.0, but whole numbers must be equal digit by digit.
[[nodiscard]] bool same_value(const std::string& a, const std::string& b);

}  // namespace wafersim::study_detail
