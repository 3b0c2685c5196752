// The layer graph: named operators on named tensors, the one internal form of every model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wafersim {

enum class OpKind {
  embedding,    // rows of a table, chosen by token; the only operator whose weights need no backward pass
  linear,       // [.., in_features] x [out_features, in_features]
  attention,    // softmax(QKᵀ)V on already projected q, k, v; no weights
  norm,         // LayerNorm or RMSNorm over the features
  elementwise,  // one tensor in, same shape out: gelu, relu, silu, tanh, softmax …
  multiply,     // two tensors of the same shape (gated MLPs)
  residual,     // sum of two or more tensors of the same shape
  loss,         // cross-entropy over the features
};

[[nodiscard]] std::string_view to_string(OpKind kind);

// Features per token of a tensor; every tensor has one row per token of the sequence.
struct Tensor {
  std::string name;
  std::uint64_t features{};

  friend bool operator==(const Tensor&, const Tensor&) = default;
};

using TensorId = std::uint32_t;
using LayerId = std::uint32_t;

struct AttentionShape {
  std::uint64_t heads{};
  std::uint64_t kv_heads{};
  std::uint64_t head_dim{};
  bool causal{true};

  friend bool operator==(const AttentionShape&, const AttentionShape&) = default;
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
  std::uint64_t matrix_weights{};  // out_features · in_features of linear and embedding, otherwise 0
  std::uint64_t vector_weights{};  // biases and gains: never pruned
  std::optional<LayerId> tied_to;  // uses the matrix of that (earlier) layer and owns none of its own
  std::string matrix_owner;        // the name of that layer; empty if the matrix is its own
  bool tied_to_embedding{false};   // that layer is an embedding
  AttentionShape attention;        // of an attention
  std::string function;            // of an elementwise or norm: gelu, relu, silu, layernorm, rmsnorm …
  std::uint32_t block{};           // recomputation unit: 0 for outside any block, else 1, 2, …

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

// Pairs of tokens that meet in attention over one sequence: causal, each token sees itself and those before
// it.
[[nodiscard]] std::uint64_t token_pairs(std::uint64_t sequence, bool causal);

// Multiply-adds of one forward pass over a sequence of `sequence` tokens, per sequence: matrix products only
// (linear and attention).
[[nodiscard]] std::uint64_t forward_macs(const Layer& layer, std::uint64_t sequence);

}  // namespace wafersim
