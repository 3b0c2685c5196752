// What a collective must give, computed plainly, one row of results at a time.
#pragma once

#include <functional>

#include "reduce_tree.hpp"
#include "vector_format.hpp"

namespace wafersim {

// Sum over the nodes of a line, in the order of its tree; `leaf` gives each node's own elements.
[[nodiscard]] Words reduced(const ReduceTree& tree, const VectorFormat& format,
                            const std::function<std::uint32_t(std::uint32_t node, std::uint32_t k)>& leaf);

// Remembers the last answers, because neighbouring PEs often share one.
[[nodiscard]] std::function<Words(std::uint32_t)> remembered(std::function<Words(std::uint32_t)> compute);

}  // namespace wafersim
