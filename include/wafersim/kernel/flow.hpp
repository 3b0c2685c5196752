// Closed forms: what a layer's kernel costs on the wafer, in whole cycles. The equations are in
// docs/model.md.
#pragma once

#include <cstdint>
#include <optional>

#include "wafersim/base/quantity.hpp"
#include "wafersim/config/machine_spec.hpp"
#include "wafersim/kernel/mask_sample.hpp"
#include "wafersim/kernel/token_layout.hpp"

namespace wafersim {

// Cost of one kernel on one wafer.
struct KernelCost {
  Cycles compute;                  // the fullest PE's datapath multiplies, adds and evaluates functions
  Cycles fabric;                   // its datapath and ramp serve reductions and other on-wafer traffic
  Cycles hidden{};                 // more of the same that runs beside compute, and shows when that is short
  Cycles saved{};                  // fewer of all these than if zeros among deltas were not filtered
  Cycles fill;                     // the pipeline of hops fills and drains; nothing else can use this time
  std::uint64_t fmacs{};           // multiply-adds of matrix products, over the wafer
  std::uint64_t fmacs_of_zeros{};  // more of them: of zeros that fill up blocks which cores cannot skip
  std::uint64_t fmacs_filtered{};  // of both, those that are left out as zeros among deltas are filtered
  std::uint64_t wavelet_hops{};    // wavelets times links crossed, over the wafer
  std::uint64_t sram_accesses{};   // bytes read or written by those multiply-adds, over the wafer

  [[nodiscard]] Cycles busy() const { return compute + fabric; }
  [[nodiscard]] Cycles total() const { return compute + fabric + fill; }
};

KernelCost operator+(const KernelCost& a, const KernelCost& b);

enum class Arithmetic { fp16, mixed, fp32 };  // operands into accumulator; mixed is FP16 into FP32
// Multiply-adds that a PE can do in a cycle.
[[nodiscard]] inline std::uint64_t fmacs_per_cycle(const PeSpec& pe, Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::fp16:
      return pe.fmacs_fp16;
    case Arithmetic::mixed:
      return pe.fmacs_mixed;
    case Arithmetic::fp32:
      return pe.fmacs_fp32;
  }
  return 1;
}

[[nodiscard]] constexpr std::uint64_t accumulator_bytes(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::fp16 ? 2 : 4;
}
[[nodiscard]] constexpr std::uint64_t operand_bytes(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::fp32 ? 4 : 2;
}

// How well a product's cycles are to be known: as they are, or quickly and never too high, for a search.
enum class Estimate { exact, at_least };

struct FlowContext;
struct MatrixShape;
enum class ProductPass { forward, gradient };  // the delta pass is the forward pass of the transposed matrix

// Where products take their time from instead of the closed forms.
class ProductTimer {
 public:
  ProductTimer() = default;
  ProductTimer(const ProductTimer&) = delete;
  ProductTimer& operator=(const ProductTimer&) = delete;
  virtual ~ProductTimer() = default;
  // Cycles of a product in place of `flow`, those of RowTime::total; nothing where it cannot tell.
  virtual std::optional<std::uint64_t> time(const FlowContext& context, const MatrixShape& shape,
                                            ProductPass pass, std::uint64_t flow) = 0;
};

// What the closed forms need to know about the machine and the number format.
struct FlowContext {
  const WaferSpec& wafer;
  Arithmetic arithmetic;
  TokenLayout layout;
  Estimate estimate{Estimate::exact};
  ProductTimer* timer{nullptr};  // null: closed forms
};

// Zeros among the deltas of a product's results, as a ReLU behind it leaves them: each is one by itself with
// this probability.
struct DeltaZeros {
  Fraction share{};
  std::uint64_t seed{};  // of the draw
};

// A matrix of `out` x `in` weights of which `kept` come to the wafer. `mask` is null for a dense matrix.
struct MatrixShape {
  std::uint64_t in{};
  std::uint64_t out{};
  std::uint64_t kept{};
  const MaskSample* mask{};
  std::uint64_t weights_per_wavelet{2};  // dense FP16: 2; indexed, or FP32: 1
  DeltaZeros zeros{};                    // that its gradient pass may filter

  [[nodiscard]] MatrixShape transposed() const;
};

// Y = X·Wᵀ: every weight multiplies the tokens of its column, then the row reduces. The delta pass of the
// same layer is the same kernel on the transposed shape.
[[nodiscard]] KernelCost linear_forward(const FlowContext& context, const MatrixShape& shape);
// dW = dYᵀ·X: products stay local to a PE, then the columns reduce to the edge. Zeros among the deltas are
// filtered where that takes fewer cycles.
[[nodiscard]] KernelCost linear_gradient(const FlowContext& context, const MatrixShape& shape);

struct AttentionTask {
  std::uint64_t heads{};
  std::uint64_t kv_heads{};
  std::uint64_t head_dim{};
  std::uint64_t sequence{};
  std::uint64_t window{};  // keys that a query meets at most; 0: all that it may see
  bool causal{};           // a token sees itself and those before it
};
[[nodiscard]] KernelCost attention_forward(const FlowContext& context, const AttentionTask& task);
[[nodiscard]] KernelCost attention_backward(const FlowContext& context, const AttentionTask& task);

// A convolution over images: an implicit matrix product whose tokens are output positions.
struct ImageSide {
  std::uint64_t width{};
  std::uint64_t height{};

  [[nodiscard]] std::uint64_t positions() const { return width * height; }
};
struct ConvolutionTask {
  std::uint64_t in{};   // channels
  std::uint64_t out{};  // channels
  std::uint64_t groups{1};
  ImageSide image;   // that comes in
  ImageSide result;  // that goes out
  ImageSide kernel;
  ImageSide stride;
  ImageSide reach;       // rows and columns of the image under a window, dilated
  std::uint64_t kept{};  // weights that come of out · in / groups · taps
  const MaskSample* mask{};
  const MaskSample* transposed_mask{};
  std::uint64_t weights_per_wavelet{2};
  std::uint64_t images{};
  DeltaZeros zeros{};  // of one tap, that the gradient pass may filter

  [[nodiscard]] std::uint64_t taps() const { return kernel.positions(); }
};
// `context.layout` says where output positions lie. Of a transposed convolution, whose output is the larger
// image, forward is the delta of the convolution that it transposes, and the other way round.
[[nodiscard]] KernelCost convolution_forward(const FlowContext& context, const ConvolutionTask& task);
[[nodiscard]] KernelCost convolution_delta(const FlowContext& context, const ConvolutionTask& task);
[[nodiscard]] KernelCost convolution_gradient(const FlowContext& context, const ConvolutionTask& task);
// PEs side by side that have work in the forward pass, of the layout's feature columns.
[[nodiscard]] std::uint64_t convolution_columns(const TokenLayout& layout, const ConvolutionTask& task);
// Inputs of an output channel, one for each tap of a channel of its group, that the fullest of them holds.
[[nodiscard]] std::uint64_t convolution_inputs(const TokenLayout& layout, const ConvolutionTask& task);

// The largest or the mean of each window; kernel and sizes as of a convolution, in == out.
[[nodiscard]] KernelCost pool_forward(const FlowContext& context, const ConvolutionTask& task);
[[nodiscard]] KernelCost pool_backward(const FlowContext& context, const ConvolutionTask& task);

// Numbers that change their place: each is sent once and received once by the fullest PE.
[[nodiscard]] KernelCost move_forward(const FlowContext& context, std::uint64_t features);

// Normalisation of each feature over positions: of the whole batch (statistics go up and down the columns of
// all groups), or of each image.
[[nodiscard]] KernelCost batch_norm_forward(const FlowContext& context, std::uint64_t features);
[[nodiscard]] KernelCost batch_norm_backward(const FlowContext& context, std::uint64_t features);
[[nodiscard]] KernelCost image_norm_forward(const FlowContext& context, std::uint64_t features,
                                            std::uint64_t groups, std::uint64_t positions);
[[nodiscard]] KernelCost image_norm_backward(const FlowContext& context, std::uint64_t features,
                                             std::uint64_t groups, std::uint64_t positions,
                                             std::uint64_t vectors);

// Normalisation over `features`; `statistics` per token are reduced along the row (LayerNorm 2, RMSNorm 1).
[[nodiscard]] KernelCost norm_forward(const FlowContext& context, std::uint64_t features,
                                      std::uint64_t statistics);
[[nodiscard]] KernelCost norm_backward(const FlowContext& context, std::uint64_t features,
                                       std::uint64_t statistics, std::uint64_t vectors);

// `cycles_per_element` for functions evaluated one by one (0: plain vector arithmetic), `vector_operations`
// for the adds and multiplies that run at vector speed.
struct ElementwiseTask {
  std::uint64_t features{};
  std::uint64_t vector_operations{};
  std::uint64_t cycles_per_element{};
};
[[nodiscard]] KernelCost elementwise(const FlowContext& context, const ElementwiseTask& task);

// Table lookup: the table streams down the columns and each PE keeps the rows that its tokens name.
[[nodiscard]] KernelCost embedding_forward(const FlowContext& context, std::uint64_t rows,
                                           std::uint64_t features, std::uint64_t weights_per_wavelet);
[[nodiscard]] KernelCost embedding_gradient(const FlowContext& context, std::uint64_t rows,
                                            std::uint64_t features);

// Cross-entropy over `features` classes, and its delta in place.
[[nodiscard]] KernelCost loss_forward(const FlowContext& context, std::uint64_t features);
[[nodiscard]] KernelCost loss_backward(const FlowContext& context, std::uint64_t features);

}  // namespace wafersim
