// The layers of a workload, and what training them needs, as tables; private to this room.
#pragma once

#include <string>

#include "wafersim/report/description.hpp"

namespace wafersim::report_detail {

// A row for each layer that has weights or products; layers that repeat share one.
[[nodiscard]] std::string layers_text(const WorkloadDescription& description);
// The largest matrices and activations.
[[nodiscard]] std::string largest_text(const WorkloadDescription& description);
// In the SRAM of the wafer, and in MemoryX.
[[nodiscard]] std::string needs_text(const WorkloadDescription& description);

}  // namespace wafersim::report_detail
