// Layers that repeat, together: h.0.mlp.c_fc to h.47.mlp.c_fc become "h.*.mlp.c_fc"; private to this room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/cluster/outcome.hpp"

namespace wafersim::report_detail {

struct LayerGroup {
  std::string name{};  // numbers in it that differ are `*`
  std::string kind{};
  std::uint64_t weights{};  // of each
  std::uint64_t count{};
  Cycles least{};  // forward and backward of one layer
  Cycles most{};
  Cycles total{};  // of all of them
  Cycles compute{};
  Cycles fabric{};
  Cycles waited{};
  double utilization{};    // of the layer of the group that uses the wafer least; 0: none has products
  std::string weakness{};  // of the same
};

// "h.*.mlp.c_fc" of "h.12.mlp.c_fc".
[[nodiscard]] std::string pattern_of(std::string_view name);

// In the order of the first layer of each. A group holds layers whose names differ in numbers only, of one
// kind and size.
[[nodiscard]] std::vector<LayerGroup> group_layers(const std::vector<LayerOutcome>& layers);

// At most `limit` groups: the ones that take most cycles, in their old order, and the others as one at the
// end.
[[nodiscard]] std::vector<LayerGroup> largest_groups(std::vector<LayerGroup> groups, std::size_t limit);

}  // namespace wafersim::report_detail
