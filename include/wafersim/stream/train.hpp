// A train of chunks: all chunks of one tensor on one lane, and when it passes a point.
#pragma once

#include <cstdint>

#include "wafersim/base/quantity.hpp"
#include "wafersim/base/wide.hpp"
#include "wafersim/stream/stamp.hpp"

namespace wafersim {

enum class Direction : std::uint8_t { weights, gradients };

// What is on its way. The chunks of a train follow each other through every station in the same order, so the
// times of the first and of the last chunk say everything (docs/model.md proves it).
struct Train {
  std::uint32_t op{};     // index in the step's program
  std::uint32_t step{};   // which step of the run
  std::uint32_t layer{};  // index in the layer graph
  Direction direction{};
  std::uint64_t sequence{};  // chunks sent on this lane and direction before this train
  std::uint64_t offset{};    // bytes sent on this lane and direction before this train
  Bytes bytes;               // of this train on this lane; at least 1
  std::uint64_t chunks{1};   // equal to the byte, so that arrivals stay convex on their way through stations
  std::uint64_t weights{};   // stored weights, or gradients, that those bytes carry
  std::uint64_t contributions{};  // wafers whose gradients have been added up in it

  [[nodiscard]] constexpr Bytes each() const { return Bytes{divide_up(bytes.count(), chunks)}; }  // chunk
};

// When the first chunk (`head`) and the last chunk (`tail`) of a train have completely passed a point.
struct Passage {
  Stamp head;
  Stamp tail;
};

// Chunks that a tensor is cut into on every lane: as few as the chunk size allows for the fullest lane's
// share.
[[nodiscard]] constexpr std::uint64_t chunks_in(Bytes fullest_share, Bytes chunk) {
  return divide_up(fullest_share.count(), chunk.count());
}

}  // namespace wafersim
