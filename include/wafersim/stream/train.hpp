// A train of chunks: all chunks of one tensor on one lane, and when it passes a point.
#pragma once

#include <cstdint>

#include "wafersim/base/quantity.hpp"
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
  std::uint64_t sequence{};       // chunks sent on this lane and direction before this train
  std::uint64_t offset{};         // bytes sent on this lane and direction before this train
  Bytes bytes;                    // of this train on this lane; at least 1
  std::uint64_t weights{};        // stored weights, or gradients, that those bytes carry
  std::uint64_t contributions{};  // wafers whose gradients have been added up in it
};

// When the first chunk (`head`) and the last chunk (`tail`) of a train have completely passed a point.
struct Passage {
  Stamp head;
  Stamp tail;
};

// How a train is cut: into as few chunks as the chunk size allows, all equal (to the byte), so that arrivals
// stay convex in the chunk number on their way through the stations.
struct Chunking {
  Bytes each;
  std::uint64_t count{};
};

[[nodiscard]] constexpr Chunking chunks_of(Bytes train, Bytes chunk) {
  const std::uint64_t count = (train.count() + chunk.count() - 1) / chunk.count();
  return {.each = Bytes{(train.count() + count - 1) / count}, .count = count};
}

}  // namespace wafersim
