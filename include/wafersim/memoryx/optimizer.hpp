// What an optimizer stores, moves and computes for every trained number.
#pragma once

#include <cstdint>

#include "wafersim/memoryx/tensor.hpp"

namespace wafersim {

enum class OptimizerKind { sgd, momentum, adam, adafactor };

// Bytes and operations per weight. State is FP32; the copy that is streamed exists twice, so that the next
// step's weights can be written while this step's are still being read.
struct OptimizerCost {
  BytesByTensor stored;
  std::uint64_t line_bytes{};    // stored beside it for each row and each column of a matrix
  std::uint64_t vector_bytes{};  // stored beside it for each number of a vector
  BytesByTensor update_reads;    // by one update
  BytesByTensor update_writes;   // by one update
  std::uint64_t flops{};         // FP32 operations of one update
  bool needs_whole{false};       // no weight can be updated before the last gradient of its matrix is there
};

// Bytes of a number of the optimizer's state, and of a stored sum of gradients: FP32.
inline constexpr std::uint64_t kStateBytes = 4;

// `copy_bytes` is the size of a streamed weight; `index_bytes` what is stored beside it to place it (sparse),
// and `contributions` the gradient parcels that one update waits for: with more than one, the sum is read
// back.
[[nodiscard]] OptimizerCost optimizer_cost(OptimizerKind kind, std::uint64_t copy_bytes,
                                           std::uint64_t index_bytes, std::uint64_t contributions);

}  // namespace wafersim
