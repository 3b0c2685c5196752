// How a wafer is used, as JSON; private to this room.
#pragma once

#include "wafersim/wafer/mapper.hpp"

#include "report/json_text.hpp"

namespace wafersim::report_detail {

// Micro-batches, mapping, memory of a PE and runners-up, added to an object.
void add_wafer_plan(Json& object, const WaferPlan& plan);

}  // namespace wafersim::report_detail
