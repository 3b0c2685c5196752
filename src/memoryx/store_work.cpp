// The bytes of an update become clocks of the DRAM by the rate of the pattern that they are moved in.
#include "wafersim/memoryx/store_work.hpp"

#include <algorithm>
#include <numeric>

namespace wafersim {

namespace {

// Bursts of an array with `bytes` bytes per weight, in a block of as many weights as fill a batch with FP32
// numbers.
std::uint64_t bursts_of(const DramSpec& dram, std::uint64_t bytes) {
  return divide_up(dram.batch * bytes, kStateBytes);
}

// What of each kind lives in DRAM.
BytesByTensor in_dram(const BytesByTensor& bytes, const TensorTiers& tiers) {
  const auto kept = [](std::uint64_t amount, Tier tier) { return tier == Tier::dram ? amount : 0; };
  return {.weights = kept(bytes.weights, tiers.weights),
          .gradients = kept(bytes.gradients, tiers.gradients),
          .optimizer = kept(bytes.optimizer, tiers.optimizer)};
}

}  // namespace

DramPattern streaming_pattern(const DramSpec& dram) {
  return {.round = {{.array = 0, .write = false, .bursts = dram.batch}}};
}

DramPattern scattered_pattern(const DramSpec& dram) {
  return {.round = {{.array = 0, .write = false, .bursts = dram.batch}}, .scattered = true};
}

DramPattern passing_pattern(const DramSpec& dram) {
  return {.round = {{.array = 0, .write = true, .bursts = dram.batch},
                    {.array = 1, .write = false, .bursts = dram.batch}}};
}

DramPattern updating_pattern(const DramSpec& dram, const BytesByTensor& reads, const BytesByTensor& writes) {
  constexpr std::uint64_t kGradients = 0;
  constexpr std::uint64_t kWeights = 1;
  constexpr std::uint64_t kOptimizer = 2;  // and those after it: each number of the state is an array
  DramPattern pattern;
  const auto move = [&](const BytesByTensor& bytes, bool write) {
    const auto add = [&](std::uint64_t array, std::uint64_t amount) {
      if (amount > 0)
        pattern.round.push_back({.array = array, .write = write, .bursts = bursts_of(dram, amount)});
    };
    add(kGradients, bytes.gradients);
    add(kWeights, bytes.weights);
    for (std::uint64_t i = 0; i < bytes.optimizer / kStateBytes; ++i) add(kOptimizer + i, kStateBytes);
  };
  move(reads, false);
  move(writes, true);
  return pattern;
}

StoreWork StoreWorks::stream(Tier weights) {
  const DramSpec& dram = store_.dram;
  if (weights == Tier::dram)
    return {.dram_clocks = clocks(1, rate_of("streaming", streaming_pattern(dram))), .dram_bytes = 1};
  return {.passing_clocks = clocks(2, rate_of("passing through", passing_pattern(dram))),
          .dram_bytes = 2,
          .flash_reads = 1};
}

StoreWork StoreWorks::update(const OptimizerCost& cost, const TensorTiers& tiers) {
  const bool sums = cost.update_reads.gradients > 0;
  StoreWork work =
      move(cost.update_reads, cost.update_writes, tiers, sums ? "updating from sums" : "updating");
  work.flops = cost.flops;
  work.needs_whole = cost.needs_whole;
  return work;
}

StoreWork StoreWorks::accumulate(const TensorTiers& tiers) {
  const BytesByTensor sum{.gradients = kStateBytes};
  StoreWork work = move(sum, sum, tiers, "adding gradients");
  work.flops = 1;
  return work;
}

StoreWork StoreWorks::move(const BytesByTensor& reads, const BytesByTensor& writes, const TensorTiers& tiers,
                           std::string_view name) {
  StoreWork work{.flash_reads = sum_in(Tier::flash, reads, tiers),
                 .flash_writes = sum_in(Tier::flash, writes, tiers)};
  const BytesByTensor own_reads = in_dram(reads, tiers);
  const BytesByTensor own_writes = in_dram(writes, tiers);
  if (const std::uint64_t own = sum_of(own_reads) + sum_of(own_writes); own > 0) {
    work.dram_bytes += own;
    work.dram_clocks = clocks(own, rate_of(name, updating_pattern(store_.dram, own_reads, own_writes)));
  }
  if (const std::uint64_t passing = 2 * (work.flash_reads + work.flash_writes); passing > 0) {
    work.dram_bytes += passing;
    work.passing_clocks = clocks(passing, rate_of("passing through", passing_pattern(store_.dram)));
  }
  return work;
}

const DramRate& StoreWorks::rate_of(std::string_view name, const DramPattern& pattern) {
  std::vector<std::uint64_t> key{static_cast<std::uint64_t>(pattern.scattered)};
  for (const DramBatch& batch : pattern.round)
    key.insert(key.end(), {batch.array, static_cast<std::uint64_t>(batch.write), batch.bursts});
  const auto [found, added] = rates_.try_emplace(std::move(key));
  if (added) {
    found->second = steady_rate(store_.dram, pattern);
    used_.push_back({.name = std::string{name}, .rate = found->second});
  }
  return found->second;
}

Ratio StoreWorks::clocks(std::uint64_t bytes, const DramRate& rate) const {
  const Wide of = Wide{bytes} * rate.clocks;
  const Wide per = Wide{rate.bytes} * store_.dram.channels;
  const std::uint64_t shared = std::gcd(narrow(of), narrow(per));
  return {.of = narrow(of) / shared, .per = narrow(per) / shared};
}

}  // namespace wafersim
