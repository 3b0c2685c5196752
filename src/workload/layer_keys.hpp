// Reads one layer of a `graph:` list.
#pragma once

#include <string>

#include "wafersim/base/error.hpp"
#include "wafersim/config/tree.hpp"
#include "wafersim/workload/graph_builder.hpp"

namespace wafersim::workload_detail {

// A draft whose names are those of the file: not yet prefixed by the block it is in.
struct PlacedLayer {
  LayerDraft draft;
  bool takes_previous{};  // it names no input, and its operator needs one
};

[[nodiscard]] PlacedLayer read_layer(const Tree& tree, const std::string& path, Problems& problems);

// Names go into reports and patterns, so only letters, digits and . _ - / : are allowed.
void check_name(const Tree& name, const std::string& path, Problems& problems);

}  // namespace wafersim::workload_detail
