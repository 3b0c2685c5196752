// Finds keys and values that the machine or the workload of a study does not take; private to this room.
#pragma once

#include "wafersim/study/study.hpp"

namespace wafersim::study_detail {

// Throws InputError: what is wrong with the machine and the workload themselves.
void check_base(const Study& study);

// Throws InputError: values that are wrong at every point that has them. A value that is wrong at some points
// only is left to those points.
void check_values(const Study& study);

}  // namespace wafersim::study_detail
