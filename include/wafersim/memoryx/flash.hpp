// What a shard's flash sustains, and how long it lives.
#pragma once

#include <cstdint>

#include "wafersim/base/quantity.hpp"
#include "wafersim/base/wide.hpp"
#include "wafersim/config/machine_spec.hpp"

namespace wafersim {

// Bytes a second that the dies and channels of a shard read in sequence, if they do nothing else: dies of a
// channel fetch pages in turn, and send them over the channel one after the other.
[[nodiscard]] BytesPerSecond flash_array_read(const FlashSpec& flash);
// Bytes a second that they take, if they do nothing else but what writing brings along: copying what is still
// valid out of blocks, and erasing them.
[[nodiscard]] BytesPerSecond flash_array_write(const FlashSpec& flash);

// Sequential rates of a shard, whichever of the host interface and the array limits them.
[[nodiscard]] BytesPerSecond flash_read_rate(const FlashSpec& flash);
[[nodiscard]] BytesPerSecond flash_write_rate(const FlashSpec& flash);

// Rates with the fixed shares of streaming, of the updates' reads and of their writes.
struct FlashShares {
  BytesPerSecond stream;
  BytesPerSecond update_reads;
  BytesPerSecond update_writes;
};
[[nodiscard]] FlashShares flash_shares(const FlashSpec& flash);

// What steps that each write `written` bytes, over all shards, do to the store's flash.
struct FlashWear {
  Bytes written;              // by one step
  Bytes programmed;           // into cells, with what is copied
  Bytes raw;                  // cells of all shards, with the spare ones
  std::uint64_t endurance{};  // erase cycles of a block
  std::uint64_t steps{};      // until every block has been erased that often; the greatest number if never

  [[nodiscard]] double cycles_per_step() const;
};
[[nodiscard]] FlashWear flash_wear(const MemoryXSpec& store, Bytes written);

}  // namespace wafersim
