// Pinned tensors first, then first fit into DRAM, the rest into flash.
#include "wafersim/memoryx/placement.hpp"

#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {

struct Kind {
  std::string_view name;
  Bytes ByTensor<Bytes>::*bytes;
  Tier TensorTiers::*tier;
  std::optional<Tier> PlacementSpec::*pin;
};
constexpr std::array kKinds{
    Kind{"weights", &ByTensor<Bytes>::weights, &TensorTiers::weights, &PlacementSpec::weights},
    Kind{"gradients", &ByTensor<Bytes>::gradients, &TensorTiers::gradients, &PlacementSpec::gradients},
    Kind{"optimizer", &ByTensor<Bytes>::optimizer, &TensorTiers::optimizer, &PlacementSpec::optimizer}};

Bytes share(Bytes bytes, std::uint64_t shards) {
  return Bytes{divide_up(bytes.count(), shards)};
}

class Packer {
 public:
  Packer(const std::vector<ByTensor<Bytes>>& layers, const StoreCapacity& store)
      : layers_{layers}, store_{store} {}

  // Every layer in its place, with `dram` bytes of DRAM in each shard.
  Placement pack(Bytes dram) const {
    Placement placement;
    Bytes left = dram;
    for (const Kind& kind : kKinds) {
      if (store_.pins.*kind.pin != Tier::dram) continue;
      const Bytes pinned = per_shard(kind);
      if (pinned > left) refuse(kind, pinned, left);
      left -= pinned;
    }
    for (const ByTensor<Bytes>& layer : layers_) {
      const Bytes loose = share(loose_bytes(layer), store_.shards);
      const Tier tier = loose <= left ? Tier::dram : Tier::flash;
      if (tier == Tier::dram) left -= loose;
      TensorTiers tiers;
      for (const Kind& kind : kKinds) tiers.*kind.tier = (store_.pins.*kind.pin).value_or(tier);
      placement.dram_used += sum_in(Tier::dram, layer, tiers);
      placement.flash_used += sum_in(Tier::flash, layer, tiers);
      placement.tiers.push_back(tiers);
    }
    return placement;
  }

 private:
  // Bytes of a layer that no pin names.
  [[nodiscard]] Bytes loose_bytes(const ByTensor<Bytes>& layer) const {
    Bytes loose;
    for (const Kind& kind : kKinds) {
      if (!(store_.pins.*kind.pin)) loose += layer.*kind.bytes;
    }
    return loose;
  }
  // What a shard holds of one kind, of all layers.
  [[nodiscard]] Bytes per_shard(const Kind& kind) const {
    Bytes sum;
    for (const ByTensor<Bytes>& layer : layers_) sum += share(layer.*kind.bytes, store_.shards);
    return sum;
  }
  [[noreturn]] void refuse(const Kind& kind, Bytes pinned, Bytes left) const {
    throw DoesNotFit{fmt::format(
        "memoryx.placement.{}: dram does not fit: they take {} bytes of each of the {} servers, whose DRAM "
        "has {} "
        "left for them; {} bytes are missing (memoryx.placement.{}=flash or auto, or a larger "
        "memoryx.dram.capacity would fit)",
        kind.name, pinned.count(), store_.shards, left.count(), (pinned - left).count(), kind.name)};
  }

  const std::vector<ByTensor<Bytes>>& layers_;
  const StoreCapacity& store_;
};

}  // namespace

Placement place_layers(const std::vector<ByTensor<Bytes>>& layers, const StoreCapacity& store) {
  const Packer packer{layers, store};
  Placement placement = packer.pack(store.dram);
  if (placement.flash_used == Bytes{}) return placement;
  placement = packer.pack(store.dram > store.read_ahead ? store.dram - store.read_ahead : Bytes{});
  const Bytes capacity = store.flash * store.shards;
  if (placement.flash_used <= capacity) return placement;
  throw DoesNotFit{fmt::format(
      "MemoryX is too small: weights and optimizer state take {} bytes; DRAM takes {} of them and flash "
      "holds {}; {} "
      "bytes are missing (another optimizer, a higher sparsity, less pinned to flash, or larger "
      "memoryx.dram.capacity or memoryx.flash.capacity would fit)",
      (placement.dram_used + placement.flash_used).count(), placement.dram_used.count(), capacity.count(),
      (placement.flash_used - capacity).count())};
}

}  // namespace wafersim
