// What one PE holds of a weight-streaming product, and where in its memory.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/kernel/mesh/ws_gemm.hpp"

namespace wafersim {

class WsTile {
 public:
  explicit WsTile(const WsRequest& request);

  std::uint32_t columns{};         // of a group
  std::uint32_t tokens{};          // of a PE
  std::uint32_t features{};        // input features of a PE
  std::uint32_t block{};           // output features of an owner
  std::uint32_t blocks{};          // owners
  std::uint32_t operand_bytes{};   // of activations
  std::uint32_t sum_bytes{};       // of partial sums
  std::uint32_t slot_elements{};   // of the partial sums of one output feature, on the fabric
  std::uint32_t row_bytes{};       // from one input feature to the next
  std::uint32_t result_address{};  // of the block
  std::uint32_t memory_bytes{};
  Fifo sums;
  Precision multiply{};  // of the products
  Precision add{};       // of the reduction

  // The column of a group that owns a block: from the east, except that the last column takes what is left.
  [[nodiscard]] std::uint32_t owner_of(std::uint32_t block_index) const {
    return block_index + 1 == columns ? columns - 1 : columns - 2 - block_index;
  }
  // Output features in a block.
  [[nodiscard]] std::uint32_t size_of(std::uint32_t block_index) const;
  // The block that a column owns, or `blocks` if it owns none.
  [[nodiscard]] std::uint32_t block_of(std::uint32_t column) const;
  // Input features of a column: [first, last).
  [[nodiscard]] std::uint32_t first_of(std::uint32_t column) const;
  [[nodiscard]] std::uint32_t last_of(std::uint32_t column) const;

 private:
  std::uint32_t in_{}, out_{};
};

// One wavelet of a column's stream of weights.
struct WeightWavelet {
  std::uint32_t value{};
  bool control = false;  // the first one of an output feature, and the one that ends the stream
};
// What travels down a column. A feature without weights in this column has one of weight 0.
[[nodiscard]] std::vector<WeightWavelet> weight_stream(const WsRequest& request, const WsTile& tile,
                                                       std::uint32_t column);
// Input features of this column that are kept for an output feature, from 0 within the column.
[[nodiscard]] std::vector<std::uint32_t> kept_features(const WsRequest& request, const WsTile& tile,
                                                       std::uint32_t column, std::uint32_t output);
// A number in the format of operands.
[[nodiscard]] std::uint32_t operand_bits(Arithmetic arithmetic, float value);

}  // namespace wafersim
