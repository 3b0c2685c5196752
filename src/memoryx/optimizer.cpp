// The table of optimizers.
#include "wafersim/memoryx/optimizer.hpp"

namespace wafersim {

namespace {
struct Kind {
  std::uint64_t moments;
  std::uint64_t flops;
};

// Operations per weight: SGD w -= lr·g (2); momentum m = b·m + g, w -= lr·m (4); Adam: two moments (3 + 4),
// their bias corrections (2), square root, sum, quotient, weight decay and step (6). Adafactor (Shazeer and
// Stern, "Adafactor", 2018, arXiv:1804.04235, algorithm 4): the square and its floor (2), sums over rows and
// columns (2), the gradient by both factors (2), its mean square (2), that of the weight (2), scale and step
// (2).
constexpr Kind kind_of(OptimizerKind kind) {
  switch (kind) {
    case OptimizerKind::sgd:
      return {.moments = 0, .flops = 2};
    case OptimizerKind::momentum:
      return {.moments = 1, .flops = 4};
    case OptimizerKind::adam:
      return {.moments = 2, .flops = 15};
    case OptimizerKind::adafactor:
      return {.moments = 0, .flops = 12};
  }
  return {};
}
}  // namespace

OptimizerCost optimizer_cost(OptimizerKind kind, std::uint64_t copy_bytes, std::uint64_t index_bytes,
                             std::uint64_t contributions) {
  const auto [moments, flops] = kind_of(kind);
  const std::uint64_t state = (1 + moments) * kStateBytes;  // master weight and moments
  const std::uint64_t stored_gradient = contributions > 1 ? kStateBytes : 0;
  OptimizerCost cost{
      .stored = {.weights = 2 * copy_bytes + index_bytes, .gradients = kStateBytes, .optimizer = state},
      .update_reads = {.weights = 0, .gradients = stored_gradient, .optimizer = state},
      .update_writes = {.weights = copy_bytes, .gradients = 0, .optimizer = state},
      .flops = flops};
  if (kind == OptimizerKind::adafactor) {
    // A second moment for each row and each column instead of each weight. The factors are known only when
    // all gradients are: these are stored, read for the mean square of the step, and read again for the step.
    cost.line_bytes = kStateBytes;
    cost.vector_bytes = kStateBytes;
    cost.update_reads.gradients += 2 * kStateBytes;
    cost.update_writes.gradients += kStateBytes;
    cost.needs_whole = true;
  }
  return cost;
}

}  // namespace wafersim
