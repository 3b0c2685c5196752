// Where each layer's weights and optimizer state live: DRAM first, in the order of the layers, flash beyond.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/base/quantity.hpp"

namespace wafersim {

struct StoreCapacity {
  std::uint64_t shards{};
  Bytes dram;        // per shard
  Bytes flash;       // per shard
  Bytes read_ahead;  // of the DRAM, once anything lives in flash
};

struct Placement {
  std::vector<bool> in_flash;  // by layer
  Bytes dram_used;             // over all shards
  Bytes flash_used;
};

// `layers` holds the bytes of each layer's whole state. A layer lies in one tier, evenly over the shards.
// Throws DoesNotFit, saying by how much the store is too small.
[[nodiscard]] Placement place_layers(const std::vector<Bytes>& layers, const StoreCapacity& store);

}  // namespace wafersim
