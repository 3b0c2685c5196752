// The mesh drawn as hardware in SystemC, one module per PE: slow, readable, and what the fast engine must
// equal.
#pragma once

#include <memory>

#include "wafersim/mesh/engine.hpp"

namespace wafersim {

// SystemC elaborates once per process, so a process can make one of these and run it once.
[[nodiscard]] std::unique_ptr<MeshEngine> make_reference_engine(MeshPlan plan);

}  // namespace wafersim
