// The order in which a graph's layers can run.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace wafersim::workload_detail {

using Nodes = std::vector<std::uint32_t>;

struct Ordering {
  Nodes order;  // every node once, sources first, the smallest index first among those that are ready
  Nodes cycle;  // if that is impossible: nodes of one cycle, each a source of the next one, the last of the
                // first
};

// `sources[i]` are the nodes that must come before node i.
[[nodiscard]] Ordering order_of(const std::vector<Nodes>& sources);

// The first node that no chain of links, followed either way, joins with the first of all; nothing if all are
// joined.
[[nodiscard]] std::optional<std::uint32_t> first_apart(const std::vector<Nodes>& sources);

}  // namespace wafersim::workload_detail
