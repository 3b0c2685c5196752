// The table of optimizers.
#include "wafersim/memoryx/optimizer.hpp"

namespace wafersim {

namespace {
struct Kind {
  std::uint64_t moments;
  std::uint64_t flops;
};

// Operations per weight: SGD w -= lr·g (2); momentum m = b·m + g, w -= lr·m (4); Adam: two moments (3 + 4),
// their bias corrections (2), square root, sum, quotient, weight decay and step (6).
constexpr Kind kind_of(OptimizerKind kind) {
  switch (kind) {
    case OptimizerKind::sgd:
      return {.moments = 0, .flops = 2};
    case OptimizerKind::momentum:
      return {.moments = 1, .flops = 4};
    case OptimizerKind::adam:
      return {.moments = 2, .flops = 15};
  }
  return {};
}
}  // namespace

OptimizerCost optimizer_cost(OptimizerKind kind, std::uint64_t copy_bytes, std::uint64_t index_bytes,
                             std::uint64_t contributions) {
  const auto [moments, flops] = kind_of(kind);
  const std::uint64_t state = (1 + moments) * kStateBytes;  // master weight and moments
  const std::uint64_t stored_gradient = contributions > 1 ? kStateBytes : 0;
  return {.stored = {.weights = 2 * copy_bytes + index_bytes, .gradients = kStateBytes, .optimizer = state},
          .update_reads = {.weights = 0, .gradients = stored_gradient, .optimizer = state},
          .update_writes = {.weights = copy_bytes, .gradients = 0, .optimizer = state},
          .flops = flops};
}

}  // namespace wafersim
