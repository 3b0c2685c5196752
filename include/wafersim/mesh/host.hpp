// What a run asks of the computer it runs on, told before it begins.
#pragma once

#include <cstdint>

#include "wafersim/base/quantity.hpp"
#include "wafersim/mesh/layout.hpp"

namespace wafersim {

enum class MeshEngineKind : std::uint8_t { fast, systemc };

struct HostNeed {
  Bytes memory;
  double cpu_seconds{};  // a rough guess, from measured speeds
};

// Of a grid whose programs are not known yet: the engine's state alone.
[[nodiscard]] Bytes host_memory_for(GridSize grid, MeshEngineKind kind);
// Of a plan that will run for about so many cycles, with the memory that its programs declare.
[[nodiscard]] HostNeed host_need(const MeshPlan& plan, Cycles expected, MeshEngineKind kind);
// What this computer has in all.
[[nodiscard]] Bytes host_memory();
// Throws DoesNotFit if `needed` is more than `available`; says for how many PEs, and how many would fit.
void require_host_memory(Bytes needed, GridSize grid, Bytes available = host_memory());

}  // namespace wafersim
