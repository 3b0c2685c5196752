// Windows over images: how many positions come out, and whether they can.
#include "workload/window_shapes.hpp"

#include <initializer_list>

#include <fmt/format.h>

namespace wafersim::workload_detail {
namespace {

bool in_range(const Extent& extent) {
  return extent.width >= 1 && extent.height >= 1 && extent.width <= kMaxSide && extent.height <= kMaxSide;
}

// Positions at which a window fits, or 0.
std::uint64_t places(std::uint64_t in, std::uint64_t padding, std::uint64_t kernel, std::uint64_t dilation,
                     std::uint64_t stride) {
  const std::uint64_t padded = in + 2 * padding;
  const std::uint64_t reach = dilation * (kernel - 1) + 1;
  return padded < reach ? 0 : (padded - reach) / stride + 1;
}

// The inverse: positions that so many windows cover.
std::uint64_t covered(std::uint64_t in, std::uint64_t padding, std::uint64_t kernel, std::uint64_t dilation,
                      std::uint64_t stride) {
  const std::uint64_t all = (in - 1) * stride + dilation * (kernel - 1) + 1;
  return all <= 2 * padding ? 0 : all - 2 * padding;
}

std::string window_shape(Layer& layer, const LayerDraft& draft, const Layer& input) {
  WindowShape& window = layer.window;
  window.in = input.extent;
  if (window.in.per_token()) window.in = {.width = 0, .height = 0};
  window.dilation = draft.dilation;
  for (const Extent& extent : {window.kernel, window.stride, window.dilation}) {
    if (!in_range(extent))
      return fmt::format("kernel, stride and dilation must be between 1 and {}", kMaxSide);
  }
  if (draft.padding.width > kMaxSide || draft.padding.height > kMaxSide)
    return fmt::format("padding must be at most {}", kMaxSide);
  if (draft.extent) {
    layer.extent = *draft.extent;
    return {};
  }
  if (window.in.per_token()) {
    // Along the sequence a window leaves the number of tokens as it is.
    if (window.stride != Extent{1, 1}) return "a stride needs an image; tokens of a sequence have no width";
    layer.extent = {};
    return {};
  }
  const auto side = [&](std::uint64_t Extent::*axis) {
    const auto solve = window.transposed ? covered : places;
    return solve(window.in.*axis, draft.padding.*axis, window.kernel.*axis, window.dilation.*axis,
                 window.stride.*axis);
  };
  layer.extent = {.width = side(&Extent::width), .height = side(&Extent::height)};
  if (layer.extent.width > 0 && layer.extent.height > 0) return {};
  return fmt::format("a window of {}x{} (dilated by {}x{}) does not fit an image of {}x{} with that padding",
                     window.kernel.width, window.kernel.height, window.dilation.width, window.dilation.height,
                     window.in.width, window.in.height);
}

}  // namespace

std::string convolution_shape(Layer& layer, const LayerDraft& draft, const Layer& input) {
  layer.in_features = input.out_features;
  layer.out_features = draft.features;
  WindowShape& window = layer.window;
  window.kernel = draft.kernel.value_or(Extent{1, 1});
  window.stride = draft.stride.value_or(Extent{1, 1});
  window.groups = draft.groups;
  window.transposed = draft.transposed;
  if (window.groups == 0) return "groups must be at least 1";
  for (const std::uint64_t features : {layer.in_features, layer.out_features}) {
    if (features % window.groups != 0)
      return fmt::format("{} groups do not divide {} features", window.groups, features);
  }
  return window_shape(layer, draft, input);
}

std::string pool_shape(Layer& layer, const LayerDraft& draft, const Layer& input) {
  WindowShape& window = layer.window;
  if (!draft.kernel) {
    // Over all positions there are; of tokens, over the sequence.
    window.in = window.kernel = window.stride = input.extent;
    layer.extent = {1, 1};
    return {};
  }
  window.kernel = *draft.kernel;
  window.stride = draft.stride.value_or(window.kernel);
  return window_shape(layer, draft, input);
}

Wide convolution_weights(const Layer& layer) {
  const Extent& kernel = layer.window.kernel;
  const Wide taps = Wide{kernel.width} * kernel.height;
  return Wide{layer.in_features / layer.window.groups} * layer.out_features * taps;
}

}  // namespace wafersim::workload_detail
