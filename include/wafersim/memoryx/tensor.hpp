// The kinds of tensors that MemoryX keeps for every layer.
#pragma once

#include <cstdint>

#include "wafersim/config/machine_spec.hpp"

namespace wafersim {

// Something for each kind.
template <class T>
struct ByTensor {
  T weights{};    // as they are streamed: the copies, and the index of a sparse weight
  T gradients{};  // the sum of a step's gradients
  T optimizer{};  // the master weight and the moments
  friend constexpr bool operator==(const ByTensor&, const ByTensor&) = default;
};

using BytesByTensor = ByTensor<std::uint64_t>;  // of one weight
using TensorTiers = ByTensor<Tier>;

// The sum of those of `amounts` that live in `tier`.
template <class T>
[[nodiscard]] constexpr T sum_in(Tier tier, const ByTensor<T>& amounts, const TensorTiers& tiers) {
  T sum{};
  if (tiers.weights == tier) sum += amounts.weights;
  if (tiers.gradients == tier) sum += amounts.gradients;
  if (tiers.optimizer == tier) sum += amounts.optimizer;
  return sum;
}
template <class T>
[[nodiscard]] constexpr T sum_of(const ByTensor<T>& amounts) {
  T sum = amounts.weights;
  sum += amounts.gradients;
  sum += amounts.optimizer;
  return sum;
}

}  // namespace wafersim
