// How a wafer is used, as JSON; private to this room.
#pragma once

#include "wafersim/cluster/outcome.hpp"

#include "report/json_text.hpp"

namespace wafersim::report_detail {

// Micro-batches, mapping, memory of a PE and runners-up, added to an object.
void add_wafer_plan(Json& object, const WaferPlan& plan);
[[nodiscard]] Json pipeline_json(const PipelineOutcome& pipeline);

}  // namespace wafersim::report_detail
