// One point's figures as a line of JSON, and back; private to this room.
#pragma once

#include <string>

#include "wafersim/cluster/outcome.hpp"
#include "wafersim/study/sweep.hpp"

namespace wafersim::study_detail {

[[nodiscard]] std::string document_of(const Outcome& outcome);
// Throws InternalFault if `document` is none of document_of's.
[[nodiscard]] PointFigures figures_of(const std::string& document);

// "h.*.attn.c_attn" of "h.12.attn.c_attn".
[[nodiscard]] std::string layer_family(const std::string& name);

}  // namespace wafersim::study_detail
