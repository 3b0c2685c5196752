// The mesh drawn as hardware in SystemC, one module per PE: slow, readable, and what the fast engine must
// equal.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "wafersim/mesh/engine.hpp"

namespace wafersim {

// What to write as a waveform: the links, queues and tasks of the PEs in a rectangle. One cycle is 4 ns
// there.
struct TraceRequest {
  std::string file;  // without ".vcd", which SystemC adds
  Rectangle area;
};

// SystemC elaborates once per process, so a process can make one of these and run it once.
[[nodiscard]] std::unique_ptr<MeshEngine> make_reference_engine(
    MeshPlan plan, const std::optional<TraceRequest>& trace = {});

}  // namespace wafersim
