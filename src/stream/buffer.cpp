// Remembers how trains left the buffer, for as long as the answer can still matter.
#include "wafersim/stream/buffer.hpp"

#include <algorithm>

#include "wafersim/base/wide.hpp"

namespace wafersim {

// A buffer smaller than two chunks could never be filled and drained at the same time.
Buffer::Buffer(Bytes capacity, Bytes chunk, Trail& trail)
    : capacity_{std::max(capacity, chunk * 2).count()}, trail_{&trail} {
}

Stamp Buffer::room_for_first(const Train& train) const {
  return left_before(train.offset + train.each().count());
}

Stamp Buffer::room_for_last(const Train& train) const {
  return left_before(train.offset + train.bytes.count());
}

void Buffer::drained(const Train& train, const Passage& passage) {
  segments_.push_back({.begin = train.offset,
                       .end = train.offset + train.bytes.count(),
                       .chunk = train.each().count(),
                       .passage = passage});
  while (segments_.front().end + capacity_ < segments_.back().begin) segments_.pop_front();
}

Stamp Buffer::left_before(std::uint64_t end) const {
  if (end <= capacity_) return {};
  const std::uint64_t offset = end - capacity_;
  for (const Segment& segment : segments_) {
    if (offset > segment.end) continue;
    const std::uint64_t first = segment.begin + segment.chunk;
    const auto& [head, tail] = segment.passage;
    if (offset >= segment.end || tail.at <= head.at) return tail;
    if (offset <= first) return head;
    // In between the chunks leave evenly.
    const std::uint64_t span = (tail.at - head.at).count();
    const Picoseconds past_head{multiply_divide_up(span, offset - first, segment.end - first)};
    const Part part = tail.why != nullptr ? tail.why->part : Part::fill;
    return trail_->after(head, past_head, part);
  }
  return {};
}

}  // namespace wafersim
