// Every sensible mapping against the closed forms and the memory of a PE.
#include "wafer/mapping_trials.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <tuple>

#include "wafersim/base/time.hpp"
#include "wafersim/config/derived.hpp"
#include "wafersim/wafer/layer_traffic.hpp"

namespace wafersim {

namespace {

std::vector<Mapping> candidate_mappings(const WaferSpec& wafer) {
  constexpr std::array<std::uint64_t, 14> kSteps{1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48};
  const auto allowed = [](const std::optional<std::uint64_t>& pinned, std::uint64_t value) {
    return !pinned || *pinned == value;
  };
  if (wafer.mapping.groups && wafer.mapping.bands) {
    return {{.groups = *wafer.mapping.groups, .bands = *wafer.mapping.bands}};
  }
  std::vector<Mapping> mappings;
  for (const std::uint64_t n : kSteps) {
    if (n <= wafer.grid.columns && allowed(wafer.mapping.bands, 1))
      mappings.push_back({.groups = n, .bands = 1});
    if (n > 1 && n <= wafer.grid.rows && allowed(wafer.mapping.groups, 1))
      mappings.push_back({.groups = 1, .bands = n});
  }
  if (wafer.mapping.groups) {
    std::erase_if(mappings, [&](const Mapping& m) { return m.groups != *wafer.mapping.groups; });
    if (mappings.empty()) mappings.push_back({.groups = *wafer.mapping.groups, .bands = 1});
  }
  if (wafer.mapping.bands) {
    std::erase_if(mappings, [&](const Mapping& m) { return m.bands != *wafer.mapping.bands; });
    if (mappings.empty()) mappings.push_back({.groups = 1, .bands = *wafer.mapping.bands});
  }
  return mappings;
}

// The lanes carry weights in and gradients out at the same time.
Cycles through_lanes(Bytes bytes, const WaferSpec& wafer) {
  return cycles_in(transfer_time(bytes, io_bandwidth(wafer.io)), wafer.clock);
}

}  // namespace

MappingTrials::MappingTrials(const WaferSpec& wafer, const Workload& workload, MaskLibrary& masks,
                             std::uint64_t nodes, bool filter_zeros)
    : wafer_{wafer},
      workload_{workload},
      masks_{masks},
      live_{workload, filter_zeros},
      mappings_{candidate_mappings(wafer)},
      nodes_{nodes},
      filter_zeros_{filter_zeros} {
  Bytes out;
  for (const Layer& layer : workload.graph.layers) out += gradients_of(layer, workload.plan).bytes();
  gradients_out_ = through_lanes(out, wafer);
}

Cycles MappingTrials::weights_in(std::uint64_t sequences) {
  const auto [known, fresh] = weights_in_.try_emplace(sequences);
  if (!fresh) return known->second;
  const TrainingPlan& plan = workload_.plan;
  Bytes in;
  for (const Layer& layer : workload_.graph.layers)
    in += weights_of(layer, plan, sequences * nodes_,
                     sent_weights(layer, plan.sparsity, wafer_.pe.skip_block, masks_))
              .bytes() *
          weight_passes(layer, plan);
  return known->second = through_lanes(in, wafer_);
}

bool MappingTrials::fits(std::uint64_t sequences, GradientSums sums) const {
  return std::any_of(mappings_.begin(), mappings_.end(),
                     [&](const Mapping& mapping) { return budget(mapping, sequences, sums).fits(); });
}

std::uint64_t MappingTrials::largest_fitting(std::uint64_t limit, GradientSums sums) const {
  std::uint64_t good = 0;
  std::uint64_t bad = 1;
  while (bad <= limit && fits(bad, sums)) {
    good = bad;
    bad *= 2;
  }
  if (bad > limit) {
    if (fits(limit, sums)) return limit;
    bad = limit;
  }
  while (good + 1 < bad) {
    const std::uint64_t middle = std::midpoint(good, bad);
    (fits(middle, sums) ? good : bad) = middle;
  }
  return good;
}

Cycles MappingTrials::cycles(std::size_t mapping, const Counts& counts, GradientSums sums,
                             Estimate estimate) {
  // A micro-batch cannot be faster than its weights come, or its gradients leave.
  const Cycles out = sums == GradientSums::none ? gradients_out_ : Cycles{};
  Cycles sum;
  for (const auto& [sequences, count] : counts)
    sum += std::max({kernel_cycles(mapping, sequences, estimate), weights_in(sequences), out}) * count;
  return sum;
}

std::vector<MappingChoice> MappingTrials::choices(const std::vector<std::uint64_t>& micro_batches,
                                                  GradientSums sums, std::size_t count, Cycles limit) {
  Counts counts;
  for (const std::uint64_t sequences : micro_batches) ++counts[sequences];
  // The most promising first, so that few of the others need more than a look.
  std::vector<std::pair<Cycles, std::size_t>> order;
  for (std::size_t i = 0; i < mappings_.size(); ++i) {
    if (!budget(mappings_[i], micro_batches.front(), sums).fits()) continue;
    const Cycles at_least = cycles(i, counts, sums, Estimate::at_least);
    if (at_least < limit) order.emplace_back(at_least, i);
  }
  std::sort(order.begin(), order.end());
  using Ranked = std::tuple<Cycles, Bytes, std::size_t>;  // and the place in the list of mappings
  std::vector<Ranked> best;
  for (const auto& [at_least, i] : order) {
    if (best.size() == count && at_least > std::get<Cycles>(best.back())) break;
    const Ranked choice{cycles(i, counts, sums, Estimate::exact),
                        budget(mappings_[i], micro_batches.front(), sums).used(), i};
    if (std::get<Cycles>(choice) >= limit) continue;
    best.insert(std::upper_bound(best.begin(), best.end(), choice), choice);
    if (best.size() > count) best.pop_back();
  }
  std::vector<MappingChoice> list;
  for (const auto& [cycles, sram, i] : best)
    list.push_back({.mapping = mappings_[i], .cycles = cycles, .sram = sram});
  return list;
}

SramBudget MappingTrials::smallest_budget(std::uint64_t sequences, GradientSums sums) const {
  SramBudget best = budget(mappings_.front(), sequences, sums);
  for (const Mapping& mapping : mappings_) {
    SramBudget other = budget(mapping, sequences, sums);
    if (other.used() < best.used()) best = std::move(other);
  }
  return best;
}

Cycles MappingTrials::kernel_cycles(std::size_t mapping, std::uint64_t sequences, Estimate estimate) {
  const auto [known, fresh] = known_.try_emplace({mapping, sequences, estimate});
  if (!fresh) return known->second;
  LayerCosts costs{wafer_,  workload_.plan, layout(mappings_[mapping], sequences), masks_, nodes_, estimate,
                   nullptr, filter_zeros_};
  if (alike_.empty()) alike_ = layers_alike(costs);
  const bool evaluate = workload_.plan.mode == StepMode::evaluate;
  Cycles sum;
  for (const Alike& layers : alike_) {
    const LayerCost& cost = costs.of(*layers.first);
    sum += (evaluate ? cost.forward.total() : cost.total()) * layers.count;
    sum += cost.forward.total() * layers.run_again;
  }
  return known->second = sum;
}

std::vector<MappingTrials::Alike> MappingTrials::layers_alike(LayerCosts& costs) const {
  const bool recompute =
      workload_.plan.mode != StepMode::evaluate && workload_.plan.recompute == Recompute::layer;
  std::vector<Alike> all;
  std::map<const LayerCost*, std::size_t> places;
  for (const Layer& layer : workload_.graph.layers) {
    const auto [place, fresh] = places.try_emplace(&costs.of(layer), all.size());
    if (fresh) all.push_back({.first = &layer});
    Alike& layers = all[place->second];
    ++layers.count;
    if (recompute && layer.block != 0) ++layers.run_again;
  }
  return all;
}

}  // namespace wafersim
