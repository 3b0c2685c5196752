// A finite buffer between two stations: a byte may enter when the byte that lies one buffer ahead has left.
#pragma once

#include <cstdint>
#include <deque>

#include "wafersim/base/quantity.hpp"
#include "wafersim/stream/stamp.hpp"
#include "wafersim/stream/train.hpp"

namespace wafersim {

class Buffer {
 public:
  Buffer(Bytes capacity, Bytes chunk, Trail& trail);

  // When there is room for the first, and for the last, chunk of `train`; time zero if there always was.
  // Every train before it must have been drained; room for the last chunk may depend on the train's own
  // drain, so it is asked for once the train is drained as well.
  [[nodiscard]] Stamp room_for_first(const Train& train) const;
  [[nodiscard]] Stamp room_for_last(const Train& train) const;

  // The train leaves the buffer: its first chunk at `passage.head`, its last at `passage.tail`.
  void drained(const Train& train, const Passage& passage);

 private:
  struct Segment {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t chunk;
    Passage passage;
  };
  // When the bytes that must leave before the stream may reach `end` had left.
  [[nodiscard]] Stamp left_before(std::uint64_t end) const;

  std::uint64_t capacity_;
  Trail* trail_;
  std::deque<Segment> segments_;
};

}  // namespace wafersim
