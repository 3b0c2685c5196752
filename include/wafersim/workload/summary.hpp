// Figures that follow from a workload alone: sizes, work and memory, before any machine is known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wafersim/base/wide.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// Two floating-point operations for each multiply-add of a matrix product. Backward is both of its products:
// to the inputs (delta) and to the weights (gradient), or to both operands of an attention.
struct Flops {
  Wide forward{};
  Wide backward{};
  Wide recompute{};  // the second forward run of the layers inside blocks, if the plan recomputes

  [[nodiscard]] Wide total() const { return forward + backward + recompute; }
  Flops& operator+=(const Flops& other);
  friend bool operator==(const Flops&, const Flops&) = default;
};

// Dense work is the sum of the two.
struct Work {
  Flops done;     // with the weights that are kept
  Flops skipped;  // what the pruned ones would have taken

  Work& operator+=(const Work& other);
  friend bool operator==(const Work&, const Work&) = default;
};

// Work of one layer, and of the whole graph, on `sequences` sequences of the plan's length.
[[nodiscard]] Work work_of(const Layer& layer, const TrainingPlan& plan, std::uint64_t sequences);
[[nodiscard]] Work work_of(const Workload& workload, std::uint64_t sequences);

// Layers of one kind together.
struct KindSummary {
  OpKind kind{};
  std::uint64_t layers{};
  std::uint64_t parameters{};  // owned
};

// One layer on its way forward over one sequence.
struct LayerFigures {
  std::uint64_t positions{};         // of its output
  Wide macs{};                       // dense
  Wide flops{};                      // of the weights that are kept
  std::uint64_t activation_bytes{};  // of its output
  Wide bytes{};                      // of all that it needs and makes: kept weights, inputs, output

  // Operations for each byte.
  [[nodiscard]] double intensity() const;
};

// What the backward pass needs and finds on the wafer, in numbers per token.
struct ActivationSummary {
  std::uint64_t kept_features{};        // from the forward pass until their backward pass
  std::uint64_t recomputed_features{};  // beside them, of the largest block while it is run again
};

struct WorkloadSummary {
  std::uint64_t layers{};
  std::uint64_t blocks{};  // recomputation units
  std::uint64_t parameters{};
  std::vector<KindSummary> kinds;    // that occur, in the order of OpKind
  std::uint64_t matrix_weights{};    // owned, before pruning
  std::uint64_t kept_weights{};      // owned: what remains of the matrices, and all biases and gains
  Work per_sequence;                 // one sequence through one step
  Wide forward_macs_per_sequence{};  // dense
  ActivationSummary activations;
  std::vector<LayerFigures> each;  // by layer
  std::vector<LayerId> largest;    // up to ten layers with the largest matrices of their own, largest first
  std::vector<TensorId> largest_activations;  // up to five, largest first
};

[[nodiscard]] WorkloadSummary summarize(const Workload& workload);

// Tensors that stay on the wafer from the forward to the backward pass, in the order in which they are made:
// those whose values the backward pass of an operator needs (inputs of all but embedding, residual, concat
// and move; of a relu the output). With recomputation: of the operators outside blocks, and all that enters a
// block.
[[nodiscard]] std::vector<TensorId> kept_tensors(const Graph& graph, Recompute recompute);

}  // namespace wafersim
