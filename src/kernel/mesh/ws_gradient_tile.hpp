// What one PE holds of a gradient pass, and where in its memory.
#pragma once

#include "ws_tile.hpp"

namespace wafersim {

struct GradientTile {
  explicit GradientTile(const WsRequest& request);

  std::uint32_t outputs{};
  WsTile deal;                      // how features and tokens are dealt: the same as in the forward pass
  bool filters;                     // by delta: indexed deltas, of which zeros are not sent on
  bool by_delta;                    // each delta scales a row of features; else a dot product for each weight
  std::uint32_t in_wavelet{};       // deltas in a wavelet
  std::uint32_t delta_bytes{};      // of one, with its index if it has one
  std::uint32_t delta_elements{};   // of one output feature, on the fabric
  std::uint32_t sums_in_wavelet{};  // places for sums in a wavelet; by weight, only the lower one is used
  std::uint32_t sum_elements{};     // of one output feature, on the fabric; by delta only
  std::uint32_t row_bytes{};        // of activations: the features of a token, or the tokens of a feature
  std::uint32_t rows{};             // of activations
  std::uint32_t working_address{};  // by weight: the deltas of the output feature at hand
  std::uint32_t block_address{};    // deltas that an owner sends
  std::uint32_t memory_bytes{};
  Fifo queue;  // of sums, by delta, or of deltas, by weight; one slot an output feature

  // Output features come in the order of their owners from the east: the last column, the first to send, owns
  // the ones behind `remote`.
  std::uint32_t remote{};
  [[nodiscard]] std::uint32_t output_at(std::uint32_t turn) const {
    return turn < outputs - remote ? remote + turn : turn - (outputs - remote);
  }
  [[nodiscard]] std::uint32_t turn_of(std::uint32_t output) const {
    return output < remote ? output + (outputs - remote) : output - remote;
  }

  // Wavelets of one output feature's deltas, before any are filtered.
  [[nodiscard]] std::uint32_t delta_wavelets() const { return delta_elements / in_wavelet; }
  // Wavelets of sums that leave a column.
  [[nodiscard]] std::uint32_t sum_wavelets(const WsRequest& request, std::uint32_t column) const;
};

// The indices of a column's kept weights, by weight: a control wavelet begins each output feature, and one
// wavelet follows for each kept weight.
[[nodiscard]] std::vector<WeightWavelet> index_stream(const WsRequest& request, const GradientTile& tile,
                                                      std::uint32_t column);

}  // namespace wafersim
