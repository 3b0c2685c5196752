// Draws each mask once.
#include "wafersim/wafer/layer_mask.hpp"

#include <algorithm>

namespace wafersim {

const MaskSample* MaskLibrary::sample(const Request& request) {
  if (request.level.billionths == 0) return nullptr;
  const MaskPattern& pattern = request.pattern;
  // Which way neighbours lie means nothing to weights that stay and go alone.
  const bool across = pattern.across && (pattern.block > 1 || pattern.of > 0 || request.skip_block > 1);
  auto& sample = samples_[{request.width, request.rows, request.level.billionths, request.seed, pattern.block,
                           pattern.of, pattern.keep, across ? 1U : 0U, request.skip_block}];
  if (!sample) {
    MaskPattern drawn = pattern;
    drawn.across = across;
    const MaskSample mask{request.width, std::min(request.rows, MaskSample::kRows), request.level,
                          request.seed, drawn};
    sample =
        std::make_unique<MaskSample>(request.skip_block > 1 ? mask.widened_to(request.skip_block) : mask);
  }
  return sample.get();
}

namespace {

const MaskSample* mask_of(MaskLibrary& masks, const Sparsity& sparsity, std::uint64_t width,
                          std::uint64_t rows, Fraction level, std::uint64_t skip_block) {
  return masks.sample({.width = width,
                       .rows = rows,
                       .level = level,
                       .pattern = sparsity.pattern,
                       .seed = sparsity.seed,
                       .skip_block = skip_block});
}

}  // namespace

std::uint64_t sent_weights(const Layer& layer, const Sparsity& sparsity, std::uint64_t skip_block,
                           MaskLibrary& masks) {
  const std::uint64_t kept = kept_matrix_weights(layer, sparsity);
  const bool filled = has_matrix(layer.kind) && layer.kind != OpKind::embedding && skip_block > 1;
  if (!filled || kept == layer.matrix_weights || kept == 0) return kept;
  const std::uint64_t width = matrix_width(layer);
  const std::uint64_t rows = layer.matrix_weights / (width * layer.experts.count);
  const MaskSample* mask = mask_of(masks, sparsity, width, rows, sparsity_level(layer, sparsity), skip_block);
  return mask == nullptr ? kept : mask->widened(kept, layer.matrix_weights);
}

MatrixShape matrix_of(const Layer& layer, const TrainingPlan& plan, Fraction level, std::uint64_t kept,
                      std::uint64_t skip_block, MaskLibrary& masks) {
  if (kept == layer.matrix_weights) level = {};
  const bool two_a_wavelet = level.billionths == 0 && plan.weights == Precision::fp16;
  MatrixShape matrix{
      .in = layer.in_features,
      .out = layer.out_features,
      .kept = kept,
      .mask = mask_of(masks, plan.sparsity, layer.in_features, layer.out_features, level, skip_block),
      .weights_per_wavelet = two_a_wavelet ? 2U : 1U};
  if (matrix.mask != nullptr) matrix.kept = matrix.mask->widened(kept, layer.matrix_weights);
  return matrix;
}

}  // namespace wafersim
