// What a collective must give, computed plainly, one row of results at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "wafersim/mesh/geometry.hpp"

#include "reduce_tree.hpp"

namespace wafersim {

using Words = std::vector<std::uint32_t>;
using Elements = std::function<float(PeAt, std::uint32_t k)>;

// Sum over the nodes of a line, in the order of its tree.
[[nodiscard]] Words reduced(const ReduceTree& tree, std::uint32_t length,
                            const std::function<float(std::uint32_t node, std::uint32_t k)>& leaf);

// Remembers the last answers, because neighbouring PEs often share one.
[[nodiscard]] std::function<Words(std::uint32_t)> remembered(std::function<Words(std::uint32_t)> compute);

[[nodiscard]] float initial_value(PeAt at, std::uint32_t k);

}  // namespace wafersim
