// Traffic from the program, rates from the patterns, wear from the bytes that are written to flash.
#include "cluster/store_report.hpp"

#include "wafersim/config/derived.hpp"
#include "wafersim/memoryx/flash.hpp"

#include "cluster/stations.hpp"

namespace wafersim {

namespace {

// Tokens for each parameter with which a given amount of computation trains best: Hoffmann et al., "Training
// Compute-Optimal Large Language Models", 2022, arXiv:2203.15556.
constexpr std::uint64_t kTokensPerParameter = 20;

constexpr double kSecondsPerDay = 86'400;
constexpr double kDaysPerYear = 365.25;

std::vector<DramPatternOutcome> patterns(const MemoryXSpec& store, const PlannedStep& step) {
  std::vector<DramPatternOutcome> table;
  for (const auto& [name, rate] : step.dram_patterns) {
    const auto one = static_cast<double>(sustained(store.dram, rate).count());
    table.push_back({.name = name,
                     .bytes = rate.bytes,
                     .clocks = rate.clocks,
                     .efficiency = rate.efficiency(store.dram),
                     .bytes_per_second = one * static_cast<double>(store.shards)});
  }
  return table;
}

WearOutcome wear_of(const MachineSpec& machine, const PlannedRun& run, const Outcome& outcome,
                    Bytes written) {
  const FlashWear wear = flash_wear(lane_store(machine.memoryx), written);
  const std::optional<std::uint64_t> tokens = run.workload.plan.training_tokens;
  const std::uint64_t per_step = outcome.tokens_per_node * outcome.nodes;
  WearOutcome out{.written = wear.written,
                  .programmed = wear.programmed,
                  .raw = wear.raw,
                  .endurance = wear.endurance,
                  .cycles_per_step = wear.cycles_per_step(),
                  .run_tokens = tokens.value_or(outcome.parameters * kTokensPerParameter),
                  .run_is_assumed = !tokens};
  out.run_steps = divide_up(out.run_tokens, per_step);
  if (written == Bytes{}) return out;
  const double step_days = static_cast<double>(outcome.step.time.count()) * 1e-12 / kSecondsPerDay;
  out.cycles_per_day = out.cycles_per_step / step_days;
  out.years = static_cast<double>(wear.steps) * step_days / kDaysPerYear;
  out.bearable_steps = wear.steps;
  out.bearable_tokens = Wide{wear.steps} * per_step;
  out.wears_out = out.run_steps > wear.steps;
  return out;
}

}  // namespace

StoreOutcome store_outcome(const MachineSpec& machine, const PlannedRun& run, const Outcome& outcome) {
  const StoreTraffic traffic = store_traffic(run.step.program);
  return {.streaming = traffic.streaming,
          .updating = traffic.updating,
          .accumulating = traffic.accumulating,
          .dram = patterns(lane_store(machine.memoryx), run.step),
          .wear = wear_of(machine, run, outcome, traffic.all().flash_writes)};
}

}  // namespace wafersim
