// The sections of the text report below its headline; private to this room.
#pragma once

#include <string>

#include "wafersim/cluster/outcome.hpp"

namespace wafersim::report_detail {

[[nodiscard]] std::string layer_section(const Outcome& outcome);
// Layers whose products use little of the wafer, and why; empty if there are none worth naming.
[[nodiscard]] std::string weak_section(const Outcome& outcome);
[[nodiscard]] std::string station_section(const Outcome& outcome);
[[nodiscard]] std::string memory_section(const Outcome& outcome);
// Traffic of the weight store by purpose, what its DRAM sustains, and the wear of its flash.
[[nodiscard]] std::string store_section(const Outcome& outcome);
// A sentence if the training run would wear the flash out; else empty.
[[nodiscard]] std::string wear_warning(const Outcome& outcome);
// Empty if nothing is pruned.
[[nodiscard]] std::string sparsity_section(const Outcome& outcome);
// What becomes of zeros that relus leave; empty if there are none.
[[nodiscard]] std::string zeros_section(const Outcome& outcome);
// What the mesh made of the products of linear layers, and closed forms; empty if only the latter were asked.
[[nodiscard]] std::string fidelity_section(const Outcome& outcome);
[[nodiscard]] std::string plan_section(const Outcome& outcome);

}  // namespace wafersim::report_detail
