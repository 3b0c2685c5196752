// How fast a DRAM channel serves a pattern of accesses that never ends: simulated burst by burst until the
// pattern repeats, then exact for ever.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/config/machine_spec.hpp"

namespace wafersim {

// Bursts that follow each other in one array, all reads or all writes.
struct DramBatch {
  std::uint64_t array{};
  bool write{false};
  std::uint64_t bursts{};
};

// What the channel does over and over: the batches of a round, in order. In each round every batch goes on
// where it was in its array in the round before.
//
// Arrays lie in *row sets*: one row in each bank group of a rank, so that consecutive bursts go to different
// groups. Row sets follow each other through all ranks and banks; array a begins a row sets later than array
// 0, so that arrays which advance together lie in different banks.
struct DramPattern {
  std::vector<DramBatch> round;
  bool scattered{false};  // every burst in a row of its own, bank after bank
};

// A rate as an exact ratio.
struct DramRate {
  std::uint64_t bytes{};   // moved by one channel
  std::uint64_t clocks{};  // in so many of its clocks
  friend bool operator==(const DramRate&, const DramRate&) = default;

  // Share of the channel's bus that is used.
  [[nodiscard]] double efficiency(const DramSpec& dram) const;
};

// The channel's rate in the long run (docs/components/memoryx.md proves that the ratio is exact).
//
// Bursts and activates are given in the order of the pattern, each as early as the devices allow; a row is
// opened at the earliest when the burst `lookahead` places before it is read or written. All banks are
// refreshed between two batches, at the last one after which the next refresh is not late.
[[nodiscard]] DramRate steady_rate(const DramSpec& dram, const DramPattern& pattern);

// Bursts in the row of a bank, and in one row of each bank group.
[[nodiscard]] std::uint64_t bursts_in_page(const DramSpec& dram);
[[nodiscard]] std::uint64_t bursts_in_row_set(const DramSpec& dram);

// Bytes a second of all channels of a shard at this rate, rounded down.
[[nodiscard]] BytesPerSecond sustained(const DramSpec& dram, const DramRate& rate);

}  // namespace wafersim
