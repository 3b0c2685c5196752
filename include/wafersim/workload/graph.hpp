// The layer graph: named operators on named tensors, the one internal form of every model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/base/parse.hpp"

namespace wafersim {

enum class OpKind {
  embedding,    // rows of a table, chosen by token; the only operator whose weights need no backward pass
  linear,       // [.., in_features] x [out_features, in_features]; of one or of several experts
  attention,    // softmax(QKᵀ)V on already projected q, k, v; no weights
  norm,         // over the features (layernorm, rmsnorm) or over positions (batch, group, instance)
  elementwise,  // one tensor in, same shape out: gelu, relu, silu, tanh, softmax …
  multiply,     // two tensors of the same shape (gated MLPs)
  residual,     // sum of two or more tensors of the same shape
  loss,         // cross-entropy over the features
  input,        // data that enters as it is, such as the pixels of an image
  convolution,  // each output position sees a window of input positions
  pool,         // the largest or the mean of a window
  concat,       // features of several tensors side by side
  move,         // the same numbers at other places: transpose, slice, pad, resize, reshape
  recurrent,    // LSTM, GRU or plain recurrence along the sequence
};
inline constexpr std::size_t kOpKinds = 14;

// Whether an operator has a matrix of weights whose gradient is a product of its own.
[[nodiscard]] constexpr bool has_matrix(OpKind kind) {
  return kind == OpKind::embedding || kind == OpKind::linear || kind == OpKind::convolution ||
         kind == OpKind::recurrent;
}

[[nodiscard]] std::string_view to_string(OpKind kind);

// Positions of a tensor: pixels of an image, or, if it is empty, one for each token of the sequence.
struct Extent {
  std::uint64_t width{};
  std::uint64_t height{};

  [[nodiscard]] bool per_token() const { return width == 0; }
  [[nodiscard]] std::uint64_t positions(std::uint64_t sequence) const {
    return per_token() ? sequence : width * height;
  }
  friend bool operator==(const Extent&, const Extent&) = default;
};

// Numbers per position of a tensor, and its positions for each sequence.
struct Tensor {
  std::string name;
  std::uint64_t features{};
  Extent extent{};

  friend bool operator==(const Tensor&, const Tensor&) = default;
};

using TensorId = std::uint32_t;
using LayerId = std::uint32_t;

struct AttentionShape {
  std::uint64_t heads{};
  std::uint64_t kv_heads{};
  std::uint64_t head_dim{};
  bool causal{true};
  std::uint64_t window{};  // keys that a query meets at most; 0: all of the sequence

  friend bool operator==(const AttentionShape&, const AttentionShape&) = default;
};

// What a convolution or a pool looks at.
struct WindowShape {
  Extent in{};  // positions of the input
  Extent kernel{1, 1};
  Extent stride{1, 1};
  Extent dilation{1, 1};
  std::uint64_t groups{1};  // of a convolution: channels that see only their own group
  bool transposed{false};   // each input position is seen by a window of outputs

  friend bool operator==(const WindowShape&, const WindowShape&) = default;
};

// A linear layer with several matrices, of which each token meets `active`. Their outputs lie side by side,
// or are added up; in the second case their inputs lie side by side.
struct ExpertShape {
  std::uint64_t count{1};
  std::uint64_t active{1};
  bool combine{false};

  friend bool operator==(const ExpertShape&, const ExpertShape&) = default;
};

// One operator. `in_features` of an attention is the sum over its inputs, of a loss the vocabulary; its
// `out_features` is then 1. An embedding looks its tokens up by itself: it has no inputs.
struct Layer {
  std::string name;
  OpKind kind{};
  std::vector<TensorId> inputs;
  TensorId output{};
  std::uint64_t in_features{};
  std::uint64_t out_features{};
  Extent extent{};                 // positions of the output
  std::uint64_t matrix_weights{};  // of has_matrix(kind), otherwise 0
  std::uint64_t vector_weights{};  // biases and gains: never pruned
  std::optional<LayerId> tied_to;  // uses the matrix of that (earlier) layer and owns none of its own
  std::string matrix_owner;        // the name of that layer; empty if the matrix is its own
  bool tied_to_embedding{false};   // that layer is an embedding
  AttentionShape attention;        // of an attention
  WindowShape window;              // of a convolution or pool
  ExpertShape experts;             // of a linear
  std::uint64_t directions{1};     // of a recurrent
  std::string function;  // of an elementwise, norm, pool or recurrent: gelu, layernorm, max, lstm …
  std::optional<Fraction> zeros{};  // of a relu: share of its output that is zero; nothing: as the plan says
  Fraction delta_zeros{};           // share of zeros among the deltas of its output, see settle_zeros
  std::uint32_t block{};            // recomputation unit: 0 for outside any block, else 1, 2, …

  // Numbers that belong to this layer alone (a tied matrix belongs to its owner).
  [[nodiscard]] std::uint64_t owned_weights() const {
    return vector_weights + (tied_to ? 0 : matrix_weights);
  }
  // Numbers that must be on the wafer to run it.
  [[nodiscard]] std::uint64_t used_weights() const { return vector_weights + matrix_weights; }

  friend bool operator==(const Layer&, const Layer&) = default;
};

// Layers in an order in which every tensor is made before it is used.
struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Layer> layers;

  [[nodiscard]] std::uint64_t parameters() const;  // owned weights of all layers

  friend bool operator==(const Graph&, const Graph&) = default;
};

// Weights side by side that an output feature of the layer's matrix, or of one of its experts, has: what it
// is summed over. Of has_matrix(kind) but embeddings.
[[nodiscard]] std::uint64_t matrix_width(const Layer& layer);

// Rows of a layer's matrix products: positions that meet each weight of a matrix (or each key), per sequence.
[[nodiscard]] std::uint64_t product_rows(const Layer& layer, std::uint64_t sequence);

// Pairs of tokens that meet in attention over one sequence: causal, each token sees itself and those before
// it; with a window other than 0, at most so many. Windows that hang over an edge of the sequence are counted
// in full where attention is not causal.
[[nodiscard]] std::uint64_t token_pairs(std::uint64_t sequence, bool causal, std::uint64_t window = 0);

// Experts that at least one of `tokens` tokens meets: the mean, rounded up, if each token meets `active` of
// the `count`, any as likely as any other, whatever the other tokens meet. With n = count and k = active it
// is n − floor(n (1 − k / n)^tokens).
[[nodiscard]] std::uint64_t chosen_experts(const ExpertShape& experts, std::uint64_t tokens);

// Multiply-adds of one forward pass over a sequence of `sequence` tokens, per sequence: matrix products only.
[[nodiscard]] std::uint64_t forward_macs(const Layer& layer, std::uint64_t sequence);
// The same if only `weights` of the matrix are there.
[[nodiscard]] std::uint64_t matrix_macs(const Layer& layer, std::uint64_t weights, std::uint64_t sequence);

}  // namespace wafersim
