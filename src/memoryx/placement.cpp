// First fit into DRAM, the rest into flash.
#include "wafersim/memoryx/placement.hpp"

#include <numeric>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {

Placement first_fit(const std::vector<Bytes>& layers, Bytes dram_per_shard, std::uint64_t shards) {
  Placement placement;
  Bytes left = dram_per_shard;
  for (const Bytes layer : layers) {
    const Bytes per_shard{divide_up(layer.count(), shards)};
    const bool fits = per_shard <= left;
    placement.in_flash.push_back(!fits);
    (fits ? placement.dram_used : placement.flash_used) += layer;
    if (fits) left -= per_shard;
  }
  return placement;
}

}  // namespace

Placement place_layers(const std::vector<Bytes>& layers, const StoreCapacity& store) {
  Placement placement = first_fit(layers, store.dram, store.shards);
  if (placement.flash_used == Bytes{}) return placement;
  placement = first_fit(layers, store.dram > store.read_ahead ? store.dram - store.read_ahead : Bytes{},
                        store.shards);
  const Bytes capacity = store.flash * store.shards;
  if (placement.flash_used <= capacity) return placement;
  const Bytes all = std::accumulate(layers.begin(), layers.end(), Bytes{});
  throw DoesNotFit{fmt::format(
      "MemoryX is too small: weights and optimizer state take {} bytes; DRAM takes {} of them and flash "
      "holds {}; {} "
      "bytes are missing (another optimizer, a higher sparsity, or larger memoryx.dram.capacity or "
      "memoryx.flash.capacity would fit)",
      all.count(), placement.dram_used.count(), capacity.count(), (placement.flash_used - capacity).count())};
}

}  // namespace wafersim
