// How well a point scales, and which part of the machine keeps it from doing better; private to this room.
#pragma once

#include "wafersim/study/sweep.hpp"

namespace wafersim::study_detail {

// Fills in efficiency and reason of a row that has figures, against the first one of its series.
void rate(SweepRow& row, const PointFigures& first, bool per_node);

}  // namespace wafersim::study_detail
