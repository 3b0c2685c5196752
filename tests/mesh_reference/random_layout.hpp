// Random but legal layouts: trees of routes, switched lines, and programs of every kind of instruction.
#pragma once

#include <cstdint>

#include "wafersim/mesh/layout.hpp"

namespace wafersim {

[[nodiscard]] MeshPlan random_plan(std::uint64_t seed);

}  // namespace wafersim
