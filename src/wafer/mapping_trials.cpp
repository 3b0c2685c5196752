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
                             std::uint64_t nodes)
    : wafer_{wafer},
      workload_{workload},
      masks_{masks},
      live_{workload},
      mappings_{candidate_mappings(wafer)},
      nodes_{nodes} {
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
    in += weights_of(layer, plan, sequences * nodes_).bytes() * weight_passes(layer, plan);
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

std::vector<MappingChoice> MappingTrials::choices(const std::vector<std::uint64_t>& micro_batches,
                                                  GradientSums sums) {
  std::map<std::uint64_t, std::uint64_t> counts;
  for (const std::uint64_t sequences : micro_batches) ++counts[sequences];
  std::vector<MappingChoice> list;
  for (std::size_t i = 0; i < mappings_.size(); ++i) {
    const SramBudget sram = budget(mappings_[i], micro_batches.front(), sums);
    if (!sram.fits()) continue;
    MappingChoice choice{.mapping = mappings_[i], .cycles = {}, .sram = sram.used()};
    for (const auto& [sequences, count] : counts) {
      // A micro-batch cannot be faster than its weights come, or its gradients leave.
      const Cycles out = sums == GradientSums::none ? gradients_out_ : Cycles{};
      choice.cycles += std::max({kernel_cycles(i, sequences), weights_in(sequences), out}) * count;
    }
    list.push_back(choice);
  }
  std::stable_sort(list.begin(), list.end(), [](const MappingChoice& a, const MappingChoice& b) {
    return std::tie(a.cycles, a.sram) < std::tie(b.cycles, b.sram);
  });
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

Cycles MappingTrials::kernel_cycles(std::size_t mapping, std::uint64_t sequences) {
  const auto [known, fresh] = known_.try_emplace({mapping, sequences});
  if (!fresh) return known->second;
  LayerCosts costs{wafer_, workload_.plan, layout(mappings_[mapping], sequences), masks_, nodes_};
  const bool evaluate = workload_.plan.mode == StepMode::evaluate;
  const bool recompute = !evaluate && workload_.plan.recompute == Recompute::layer;
  Cycles sum;
  for (const Layer& layer : workload_.graph.layers) {
    const LayerCost& cost = costs.of(layer);
    sum += evaluate ? cost.forward.total() : cost.total();
    if (recompute && layer.block != 0) sum += cost.forward.total();
  }
  return known->second = sum;
}

}  // namespace wafersim
