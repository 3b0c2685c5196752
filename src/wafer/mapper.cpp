// Chooses how a node's batch is cut into micro-batches, and how each lies on the grid.
#include "wafersim/wafer/mapper.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"

#include "wafer/mapping_trials.hpp"

namespace wafersim {

namespace {

// More than this many sequences are never resident: even one token a PE would not fit.
constexpr std::uint64_t kMostSequences = 1ULL << 32U;

// `total` sequences in micro-batches of at most `most`, as even as possible, the larger ones first.
std::vector<std::uint64_t> even_parts(std::uint64_t total, std::uint64_t most) {
  const std::uint64_t count = divide_up(total, most);
  std::vector<std::uint64_t> parts(count, total / count);
  for (std::uint64_t i = 0; i < total % count; ++i) ++parts[i];
  return parts;
}

// `total` sequences in micro-batches of `size`, and what is left over in a smaller one.
std::vector<std::uint64_t> full_parts(std::uint64_t total, std::uint64_t size) {
  std::vector<std::uint64_t> parts(total / size, size);
  if (total % size != 0) parts.push_back(total % size);
  return parts;
}

// From the largest down to half of it, at most 64 of them. PEs hold whole tokens and vector instructions
// whole elements, so a smaller micro-batch may fill both better; one of half the size only streams more.
std::vector<std::uint64_t> sizes_to_try(std::uint64_t largest) {
  constexpr std::uint64_t kMost = 64;
  const std::uint64_t smallest = divide_up(largest, 2);
  const std::uint64_t stride = divide_up(largest - smallest + 1, kMost);
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t step = 0; largest >= smallest + step; step += stride) sizes.push_back(largest - step);
  return sizes;
}

std::string describe_need(const SramBudget& sram) {
  std::string text;
  for (const SramItem& item : sram.items) {
    if (item.bytes > Bytes{}) text += fmt::format("\n  {:>9} B  {}", item.bytes.count(), item.name);
  }
  return text;
}

// Says by how much `sequences` exceed the memory and what would fit instead.
[[noreturn]] void refuse(const MappingTrials& trials, const Workload& workload, const WaferSpec& wafer,
                         std::uint64_t sequences, GradientSums sums) {
  const SramBudget need = trials.smallest_budget(sequences, sums);
  const std::uint64_t largest = trials.largest_fitting(sequences, GradientSums::none);
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
            ? MappingTrials{wafer, other, masks}.largest_fitting(sequences, GradientSums::none)
            : 0;
    if (with_recompute > 0) {
      advice = fmt::format("recompute: layer would fit a micro_batch of {}", with_recompute);
    } else {
      other.plan.sequence_length = 1;
      const std::uint64_t tokens = MappingTrials{wafer, other, masks}.largest_fitting(
          workload.plan.sequence_length, GradientSums::none);
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

GradientSums sums_of(const MappingTrials& trials, const TrainingPlan& plan,
                     const std::vector<std::uint64_t>& micro_batches) {
  if (micro_batches.size() == 1 || plan.gradient_accumulation == GradientAccumulation::memoryx)
    return GradientSums::none;
  if (plan.gradient_accumulation == GradientAccumulation::wafer) return GradientSums::on_wafer;
  return trials.fits(micro_batches.front(), GradientSums::on_wafer) ? GradientSums::on_wafer
                                                                    : GradientSums::none;
}

// Keeps the way of cutting the batch that takes the fewest cycles; of equals the first.
class Best {
 public:
  Best(MappingTrials& trials, const TrainingPlan& plan) : trials_{trials}, plan_{plan} {}

  void consider(const std::vector<std::uint64_t>& micro_batches) {
    const GradientSums sums = sums_of(trials_, plan_, micro_batches);
    const std::vector<MappingChoice> choices = trials_.choices(micro_batches, sums, 1, least_);
    if (choices.empty()) return;
    micro_batches_ = micro_batches;
    sums_ = sums;
    least_ = choices.front().cycles;
  }

  [[nodiscard]] bool found() const { return !micro_batches_.empty(); }

  [[nodiscard]] WaferPlan plan() const {
    constexpr std::size_t kListed = 4;  // with the chosen one
    const std::vector<MappingChoice> choices = trials_.choices(micro_batches_, sums_, kListed);
    const Mapping mapping = choices.front().mapping;
    return {.mapping = mapping,
            .micro_batches = micro_batches_,
            .gradient_sums = sums_,
            .sram = trials_.budget(mapping, micro_batches_.front(), sums_),
            .runners_up = {choices.begin() + 1, choices.end()},
            .cycles = choices.front().cycles};
  }

 private:
  MappingTrials& trials_;
  const TrainingPlan& plan_;
  std::vector<std::uint64_t> micro_batches_;
  GradientSums sums_{GradientSums::none};
  Cycles least_{Cycles::max()};
};

WaferPlan best_plan(MappingTrials trials, const WaferSpec& wafer, const Workload& workload,
                    std::uint64_t nodes) {
  const TrainingPlan& plan = workload.plan;
  const std::optional<std::uint64_t> wanted = sequences_per_node(plan, nodes);
  const GradientSums pinned =
      plan.gradient_accumulation == GradientAccumulation::wafer ? GradientSums::on_wafer : GradientSums::none;
  Best best{trials, plan};
  if (plan.micro_batch) {
    const std::uint64_t most = wanted ? std::min(*plan.micro_batch, *wanted) : *plan.micro_batch;
    const std::vector<std::uint64_t> parts = even_parts(wanted.value_or(most), most);
    best.consider(parts);
    if (!best.found()) refuse(trials, workload, wafer, parts.front(), sums_of(trials, plan, parts));
    return best.plan();
  }
  const std::uint64_t limit = wanted.value_or(kMostSequences / plan.sequence_length);
  std::uint64_t largest = trials.largest_fitting(limit, GradientSums::none);
  if (wanted && largest < *wanted) largest = trials.largest_fitting(limit, pinned);
  if (largest == 0) refuse(trials, workload, wafer, 1, pinned);
  if (!wanted) best.consider({largest});
  for (const std::uint64_t size : wanted ? sizes_to_try(largest) : std::vector<std::uint64_t>{}) {
    best.consider(even_parts(*wanted, size));
    best.consider(full_parts(*wanted, size));
  }
  return best.plan();
}

// Whether a sequence takes fewer cycles.
bool is_faster(const WaferPlan& a, const WaferPlan& b) {
  return Wide{a.cycles.count()} * b.sequences() < Wide{b.cycles.count()} * a.sequences();
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
  const WaferPlan plain = best_plan({wafer, workload, masks, nodes}, wafer, workload, nodes);
  const auto& layers = workload.graph.layers;
  if (!can_filter_zeros(workload.plan) || std::none_of(layers.begin(), layers.end(), has_zeros_to_filter))
    return plain;
  try {
    WaferPlan filtered = best_plan({wafer, workload, masks, nodes, true}, wafer, workload, nodes);
    filtered.filter_zeros = true;
    return is_faster(filtered, plain) ? filtered : plain;
  } catch (const DoesNotFit&) {
    return plain;  // without indices it fits
  }
}

}  // namespace wafersim
