// Shapes of what looks at windows of an image.
#pragma once

#include <string>

#include "wafersim/base/wide.hpp"
#include "wafersim/workload/graph_builder.hpp"

namespace wafersim::workload_detail {

// Fill window, extent and features of a layer that takes the output of `input`. Return what is wrong; empty
// if nothing is.
[[nodiscard]] std::string convolution_shape(Layer& layer, const LayerDraft& draft, const Layer& input);
[[nodiscard]] std::string pool_shape(Layer& layer, const LayerDraft& draft, const Layer& input);

// Weights of a convolution whose shape is known: out_features · in_features / groups · taps.
[[nodiscard]] Wide convolution_weights(const Layer& layer);

}  // namespace wafersim::workload_detail
