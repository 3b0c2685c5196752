// Tries every sensible mapping against the closed forms and the memory of a PE.
#include "wafersim/wafer/mapper.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"

namespace wafersim {

namespace {

// More than this many sequences are never resident: even one token a PE would not fit.
constexpr std::uint64_t kMostSequences = 1ULL << 32U;

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

class Mapper {
 public:
  Mapper(const WaferSpec& wafer, const Workload& workload, MaskLibrary& masks)
      : wafer_{wafer},
        workload_{workload},
        masks_{masks},
        live_{workload},
        mappings_{candidate_mappings(wafer)} {}

  [[nodiscard]] SramBudget budget(const Mapping& mapping, std::uint64_t sequences, GradientSums sums) const {
    return live_.budget(wafer_, layout(mapping, sequences), sums);
  }
  [[nodiscard]] bool fits(std::uint64_t sequences, GradientSums sums) const {
    return std::any_of(mappings_.begin(), mappings_.end(),
                       [&](const Mapping& mapping) { return budget(mapping, sequences, sums).fits(); });
  }
  // The largest micro-batch of at most `limit` sequences that fits; 0 if not even one does.
  [[nodiscard]] std::uint64_t largest_fitting(std::uint64_t limit, GradientSums sums) const {
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
  // Mappings that fit, fewest cycles first; among equals the one with less memory.
  [[nodiscard]] std::vector<MappingChoice> choices(std::uint64_t sequences, GradientSums sums) const {
    std::vector<MappingChoice> list;
    for (const Mapping& mapping : mappings_) {
      const SramBudget sram = budget(mapping, sequences, sums);
      if (sram.fits())
        list.push_back({.mapping = mapping, .cycles = cycles(mapping, sequences), .sram = sram.used()});
    }
    std::stable_sort(list.begin(), list.end(), [](const MappingChoice& a, const MappingChoice& b) {
      return std::tie(a.cycles, a.sram) < std::tie(b.cycles, b.sram);
    });
    return list;
  }
  // The mapping that needs the least memory, for the message when none fits.
  [[nodiscard]] SramBudget smallest_budget(std::uint64_t sequences, GradientSums sums) const {
    SramBudget best = budget(mappings_.front(), sequences, sums);
    for (const Mapping& mapping : mappings_) {
      SramBudget other = budget(mapping, sequences, sums);
      if (other.used() < best.used()) best = std::move(other);
    }
    return best;
  }

 private:
  [[nodiscard]] TokenLayout layout(const Mapping& mapping, std::uint64_t sequences) const {
    return {wafer_.grid, mapping, sequences * workload_.plan.sequence_length};
  }
  [[nodiscard]] Cycles cycles(const Mapping& mapping, std::uint64_t sequences) const {
    LayerCosts costs{wafer_, workload_.plan, layout(mapping, sequences), masks_};
    const bool recompute = workload_.plan.recompute == Recompute::layer;
    Cycles sum;
    for (const Layer& layer : workload_.graph.layers) {
      const LayerCost& cost = costs.of(layer);
      sum += cost.total();
      if (recompute && layer.block != 0) sum += cost.forward.total();
    }
    return sum;
  }

  const WaferSpec& wafer_;
  const Workload& workload_;
  MaskLibrary& masks_;
  LiveTensors live_;
  std::vector<Mapping> mappings_;
};

// `total` sequences in micro-batches of at most `most`, as even as possible, the larger ones first.
std::vector<std::uint64_t> even_parts(std::uint64_t total, std::uint64_t most) {
  const std::uint64_t count = divide_up(total, most);
  std::vector<std::uint64_t> parts(count, total / count);
  for (std::uint64_t i = 0; i < total % count; ++i) ++parts[i];
  return parts;
}

std::string describe_need(const SramBudget& sram) {
  std::string text;
  for (const SramItem& item : sram.items) {
    if (item.bytes > Bytes{}) text += fmt::format("\n  {:>9} B  {}", item.bytes.count(), item.name);
  }
  return text;
}

// Says by how much `sequences` exceed the memory and what would fit instead.
[[noreturn]] void refuse(const Mapper& mapper, const Workload& workload, const WaferSpec& wafer,
                         std::uint64_t sequences, GradientSums sums) {
  const SramBudget need = mapper.smallest_budget(sequences, sums);
  const std::uint64_t largest = mapper.largest_fitting(sequences, GradientSums::none);
  std::string advice;
  if (largest > 0 && sums == GradientSums::on_wafer) {
    advice = "gradient_accumulation: memoryx would fit";
  } else if (largest > 0) {
    advice = fmt::format("the largest micro_batch that fits is {}", largest);
  } else {
    Workload other = workload;
    other.plan.recompute = Recompute::layer;
    MaskLibrary masks;
    const std::uint64_t with_recompute =
        workload.plan.recompute == Recompute::none
            ? Mapper{wafer, other, masks}.largest_fitting(sequences, GradientSums::none)
            : 0;
    if (with_recompute > 0) {
      advice = fmt::format("recompute: layer would fit a micro_batch of {}", with_recompute);
    } else {
      other.plan.sequence_length = 1;
      const std::uint64_t tokens =
          Mapper{wafer, other, masks}.largest_fitting(workload.plan.sequence_length, GradientSums::none);
      advice = tokens > 0
                   ? fmt::format("with recompute: layer, a sequence_length of {} would fit", tokens)
                   : std::string{"not even one token fits: the model is too wide or too deep for this wafer"};
    }
  }
  throw DoesNotFit{
      fmt::format("{}: the SRAM of a PE is too small: a micro-batch of {} sequence(s) of {} tokens needs {} "
                  "bytes of {}{}\n{}",
                  workload.graph.name, sequences, workload.plan.sequence_length, need.used().count(),
                  need.capacity.count(), describe_need(need), advice)};
}

GradientSums choose_sums(const Mapper& mapper, const TrainingPlan& plan, std::uint64_t micro_batch,
                         std::size_t micro_batches) {
  if (micro_batches == 1 || plan.gradient_accumulation == GradientAccumulation::memoryx)
    return GradientSums::none;
  if (plan.gradient_accumulation == GradientAccumulation::wafer) return GradientSums::on_wafer;
  return mapper.fits(micro_batch, GradientSums::on_wafer) ? GradientSums::on_wafer : GradientSums::none;
}

}  // namespace

std::uint64_t WaferPlan::sequences() const {
  return std::accumulate(micro_batches.begin(), micro_batches.end(), std::uint64_t{0});
}

std::optional<std::uint64_t> sequences_per_node(const TrainingPlan& plan, std::uint64_t nodes) {
  if (plan.tokens_per_node) return *plan.tokens_per_node / plan.sequence_length;
  if (!plan.global_batch) return std::nullopt;
  if (*plan.global_batch % nodes != 0) {
    const std::uint64_t below = *plan.global_batch / nodes * nodes;
    throw InputError{
        {.at = {},
         .key = "workload.global_batch",
         .message = fmt::format("{} sequences cannot be shared evenly by {} nodes; {}{} would do",
                                *plan.global_batch, nodes,
                                below > 0 ? fmt::format("{} or ", below) : std::string{}, below + nodes)}};
  }
  return *plan.global_batch / nodes;
}

WaferPlan plan_wafer(const WaferSpec& wafer, const Workload& workload, std::uint64_t nodes,
                     MaskLibrary& masks) {
  const Mapper mapper{wafer, workload, masks};
  const TrainingPlan& plan = workload.plan;
  const std::optional<std::uint64_t> wanted = sequences_per_node(plan, nodes);
  const bool sums_pinned = plan.gradient_accumulation == GradientAccumulation::wafer;

  std::uint64_t micro_batch = 0;
  if (plan.micro_batch) {
    micro_batch = wanted ? std::min(*plan.micro_batch, *wanted) : *plan.micro_batch;
  } else {
    const std::uint64_t limit = wanted.value_or(kMostSequences / plan.sequence_length);
    micro_batch = mapper.largest_fitting(limit, GradientSums::none);
    if (sums_pinned && wanted && micro_batch < *wanted) {
      micro_batch = mapper.largest_fitting(limit, GradientSums::on_wafer);
    }
    if (micro_batch == 0)
      refuse(mapper, workload, wafer, 1, sums_pinned ? GradientSums::on_wafer : GradientSums::none);
  }

  WaferPlan result;
  result.micro_batches = even_parts(wanted.value_or(micro_batch), micro_batch);
  result.gradient_sums = choose_sums(mapper, plan, result.micro_batches.front(), result.micro_batches.size());
  const std::vector<MappingChoice> choices =
      mapper.choices(result.micro_batches.front(), result.gradient_sums);
  if (choices.empty()) refuse(mapper, workload, wafer, result.micro_batches.front(), result.gradient_sums);
  result.mapping = choices.front().mapping;
  result.sram = mapper.budget(result.mapping, result.micro_batches.front(), result.gradient_sums);
  result.runners_up.assign(
      choices.begin() + 1,
      choices.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(choices.size(), 4)));
  return result;
}

}  // namespace wafersim
