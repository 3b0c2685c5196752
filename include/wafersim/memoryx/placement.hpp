// Where each layer's weights, gradients and optimizer state live: where they are pinned; else DRAM first, in
// the order of the layers, flash beyond.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/memoryx/tensor.hpp"

namespace wafersim {

struct StoreCapacity {
  std::uint64_t shards{};
  Bytes dram;        // per shard
  Bytes flash;       // per shard
  Bytes read_ahead;  // of the DRAM, once anything lives in flash
  PlacementSpec pins;
};

struct Placement {
  std::vector<TensorTiers> tiers;  // by layer
  Bytes dram_used;                 // over all shards
  Bytes flash_used;
};

// `layers` holds the bytes of each layer's tensors. What is not pinned of a layer lies in one tier together;
// everything lies evenly over the shards. Throws DoesNotFit, saying what is too small, by how much, and what
// would do.
[[nodiscard]] Placement place_layers(const std::vector<ByTensor<Bytes>>& layers, const StoreCapacity& store);

}  // namespace wafersim
