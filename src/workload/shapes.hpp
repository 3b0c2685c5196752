// What an operator does with the shapes that come in: its own shape, its weights, or what is wrong.
#pragma once

#include <vector>

#include "wafersim/workload/graph_builder.hpp"

#include "workload/graph_report.hpp"

namespace wafersim::workload_detail {

// Fills the widths, weights and attention of a layer. `inputs` are the layers whose outputs it takes, already
// complete; `owner` is the layer it is tied to, or nullptr. Returns false after reporting a problem.
[[nodiscard]] bool infer_shape(Layer& layer, const LayerDraft& draft, const std::vector<const Layer*>& inputs,
                               const Layer* owner, GraphReport& report);

}  // namespace wafersim::workload_detail
