// What is trained, and how: a layer graph and the training plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/base/mask_pattern.hpp"
#include "wafersim/base/parse.hpp"
#include "wafersim/workload/graph.hpp"

namespace wafersim {

enum class StepMode {
  train,     // forward, backward, update
  evaluate,  // forward only: no activation is kept, no gradient made, nothing updated
};
// How a wafer runs a step: with weights that are streamed layer by layer, or resident, every layer on PEs of
// its own.
enum class Execution { weight_streaming, pipelined };
enum class Recompute {
  none,   // every activation that the backward pass needs stays on the wafer
  layer,  // only the input of each transformer layer (block) stays; the block runs forward again before its
          // backward
};
enum class Optimizer { sgd, momentum, adam, adafactor };
enum class Precision { fp16, fp32 };
enum class Accumulate { fp16, mixed, fp32 };
enum class ExpertStream {
  all,     // the matrices of every expert travel to the wafers
  chosen,  // only those of experts that a token of the micro-batch meets, on any node
};
enum class GradientAccumulation {
  automatic,  // on the wafer if it fits there, at MemoryX otherwise
  wafer,      // summed on the wafer over the micro-batches, sent once per step
  memoryx,    // sent with every micro-batch and summed at MemoryX
};

// A sparsity level, for the layers whose names match (`*` and `?` as in a shell); the last match wins.
struct SparsityRule {
  std::string layers;
  Fraction level;

  friend bool operator==(const SparsityRule&, const SparsityRule&) = default;
};

// What a mask leaves of the matrix of one layer, counted.
struct KeptWeights {
  std::string layer;
  std::uint64_t weights{};

  friend bool operator==(const KeptWeights&, const KeptWeights&) = default;
};

// How a level is dealt to the matrices. erk (Erdos-Renyi-Kernel): the share that a matrix keeps is
// proportional to the sum of its dimensions over their product, at most all, so that together they keep what
// the level leaves. source: Evci et al., "Rigging the Lottery", arXiv:1911.11134.
enum class Distribution { uniform, erk };

struct Sparsity {
  Fraction level{};  // of every matrix but embeddings that nothing below names
  Distribution distribution{Distribution::uniform};
  std::vector<SparsityRule> exceptions{};
  std::vector<KeptWeights> kept{};  // exact counts, sorted by layer: they hold before any level
  MaskPattern pattern{};            // of masks that are drawn; N:M fixes the level
  std::uint64_t seed{1};            // of masks and zeros that are drawn
  Fraction activations{};           // of the output of each relu that says nothing else, zeros
  std::uint64_t erk_scale{};        // what the sum over the product is multiplied by, in billionths

  friend bool operator==(const Sparsity&, const Sparsity&) = default;
};

struct TrainingPlan {
  StepMode mode{StepMode::train};
  Execution execution{Execution::weight_streaming};
  std::uint64_t sequence_length{};
  // At most one of the two; with neither, each node trains on the largest micro-batch that fits its wafer.
  // tokens_per_node must be a multiple of the sequence length.
  std::optional<std::uint64_t> global_batch{};     // sequences per step over all nodes
  std::optional<std::uint64_t> tokens_per_node{};  // tokens per step on each node
  std::optional<std::uint64_t>
      micro_batch{};  // sequences on one wafer at a time; nothing: the most that fits
  Recompute recompute{Recompute::none};
  Optimizer optimizer{Optimizer::adam};
  Precision weights{Precision::fp16};    // as streamed
  Precision gradients{Precision::fp16};  // as sent
  Accumulate accumulate{Accumulate::mixed};
  GradientAccumulation gradient_accumulation{GradientAccumulation::automatic};
  ExpertStream expert_stream{ExpertStream::all};
  Sparsity sparsity{};
  // Tokens of the whole training run, for the wear of the store; nothing: 20 for each parameter.
  std::optional<std::uint64_t> training_tokens{};

  friend bool operator==(const TrainingPlan&, const TrainingPlan&) = default;
};

// Bytes of a number of an activation on the wafer, of a weight as it is streamed, of a gradient as it is
// sent.
[[nodiscard]] constexpr std::uint64_t activation_bytes(const TrainingPlan& plan) {
  return plan.accumulate == Accumulate::fp32 ? 4 : 2;
}
[[nodiscard]] constexpr std::uint64_t weight_bytes(const TrainingPlan& plan) {
  return plan.weights == Precision::fp16 ? 2 : 4;
}
[[nodiscard]] constexpr std::uint64_t gradient_bytes(const TrainingPlan& plan) {
  return plan.gradients == Precision::fp16 ? 2 : 4;
}

struct Workload {
  Graph graph;
  TrainingPlan plan;
  std::vector<std::string> not_modelled{};  // parts of the model that were left out, in words

  friend bool operator==(const Workload&, const Workload&) = default;
};

// Experts of a layer whose matrices travel for one pass over `tokens` tokens: all, or those that are chosen.
[[nodiscard]] std::uint64_t streamed_experts(const ExpertShape& experts, ExpertStream stream,
                                             std::uint64_t tokens);

// Weights of the matrix that stay, exactly: as counted, or matrix − floor(matrix · level). Biases and gains
// are never pruned, embeddings are pruned only by a rule that names them. A tied layer keeps what the owner
// of its matrix keeps: rules name the owner.
[[nodiscard]] std::uint64_t kept_matrix_weights(const Layer& layer, const Sparsity& sparsity);
[[nodiscard]] Fraction sparsity_level(const Layer& layer, const Sparsity& sparsity);
// The most of M of a pattern N:M, and of neighbours in a block of weights.
inline constexpr std::uint64_t kMostOfM = 256;  // as many as MaskSample has rows: it then holds whole groups
inline constexpr std::uint64_t kLargestBlock = 64;
// Sets the level that the pattern fixes and the scale of erk, once graph and plan are known.
void settle_distribution(const Graph& graph, Sparsity& sparsity);
// Share of zeros in the output of a layer: of a relu what it or the plan says, of others none.
[[nodiscard]] Fraction output_zeros(const Layer& layer, const Sparsity& sparsity);
// Sets Layer::delta_zeros: where a relu alone takes a layer's output, its deltas are zero wherever the output
// of the relu is.
void settle_zeros(Graph& graph, const Sparsity& sparsity);
// The relu behind each layer whose deltas have its zeros.
[[nodiscard]] std::vector<std::optional<LayerId>> relus_behind(const Graph& graph);
// Whether a wafer that runs this plan could filter zeros among deltas: it has gradients, whose deltas come to
// weights that stream, and FP16 deltas, beside which an index fits a wavelet.
[[nodiscard]] bool can_filter_zeros(const TrainingPlan& plan);
// Whether a layer has deltas that such a wafer would filter: a product of its own takes each of them once.
[[nodiscard]] bool has_zeros_to_filter(const Layer& layer);
// Whether a name matches a pattern in which `*` stands for any text and `?` for any character.
[[nodiscard]] bool matches_pattern(std::string_view name, std::string_view pattern);

}  // namespace wafersim
