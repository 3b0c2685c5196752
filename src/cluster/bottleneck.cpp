// Finds what a faster part would change most, and says so with the waits that were measured.
#include "cluster/bottleneck.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace wafersim {

namespace {

constexpr std::array kStreamParts{Part::io, Part::swarmx, Part::dram, Part::flash};

double percent(Cycles part, Cycles whole) {
  return whole == Cycles{} ? 0.0
                           : 100.0 * static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

std::string_view name_of(Part part) {
  constexpr std::array<std::string_view, kParts> kNames{
      "compute",         "on-wafer traffic",           "node I/O", "SwarmX", "MemoryX's DRAM",
      "MemoryX's flash", "the optimizer's arithmetic", "latency"};
  return kNames[index_of(part)];
}

const PartOutcome& row_of(const Outcome& outcome, Part part) {
  return outcome.attribution[index_of(part)];
}

Cycles waiting_for_stream(const Outcome& outcome) {
  Cycles sum;
  for (const Part part : kStreamParts) sum += row_of(outcome, part).cycles;
  return sum;
}

// The part of the wafer, the update or the pipelines whose removal would help most.
const PartOutcome& best_single(const Outcome& outcome) {
  return *std::min_element(outcome.attribution.begin(), outcome.attribution.end(),
                           [](const PartOutcome& a, const PartOutcome& b) {
                             return a.step_cycles_if_infinite < b.step_cycles_if_infinite;
                           });
}

Cycles waiting_for_updates(const Outcome& outcome) {
  Cycles sum;
  for (const LayerOutcome& layer : outcome.layers) sum += layer.update_wait_cycles;
  return sum;
}

std::string stream_sentence(const Outcome& outcome) {
  const Cycles step = outcome.step.cycles;
  const Part worst = *std::max_element(kStreamParts.begin(), kStreamParts.end(), [&](Part a, Part b) {
    return row_of(outcome, a).cycles < row_of(outcome, b).cycles;
  });
  const Cycles updates = waiting_for_updates(outcome);
  const bool by_updates = updates * 2 > waiting_for_stream(outcome);
  std::string text =
      by_updates
          ? fmt::format(
                "bound by the optimizer's updates: the wafers wait {:.1f} % of the step for weights that "
                "are still being updated, mostly by {}",
                percent(updates, step), name_of(worst))
          : fmt::format(
                "bound by the stream of weights: the wafers wait {:.1f} % of the step for it, {:.1f} % "
                "for {}",
                percent(waiting_for_stream(outcome), step), percent(row_of(outcome, worst).cycles, step),
                name_of(worst));
  text += fmt::format("; with infinitely fast links and stores the step would take {:.1f} % of its time",
                      percent(outcome.step_cycles_if_stream_infinite, step));
  const Cycles alone = row_of(outcome, worst).step_cycles_if_infinite;
  // Half of what the whole stream would gain is the line between one slow station and several equally slow
  // ones.
  const Cycles gain_alone = step > alone ? step - alone : Cycles{};
  if (gain_alone * 2 < step - outcome.step_cycles_if_stream_infinite) {
    text += fmt::format(" ({} alone: {:.1f} %, since the next station is as slow)", name_of(worst),
                        percent(alone, step));
  }
  return text;
}

std::string part_sentence(const Outcome& outcome) {
  const Cycles step = outcome.step.cycles;
  const PartOutcome& best = best_single(outcome);
  if (outcome.step_cycles_if_stream_infinite < best.step_cycles_if_infinite ||
      std::find(kStreamParts.begin(), kStreamParts.end(), best.part) != kStreamParts.end()) {
    return stream_sentence(outcome);
  }
  return fmt::format(
      "bound by {}: it takes {:.1f} % of the step, and without it the step would take {:.1f} % of its time; "
      "the "
      "wafers wait {:.1f} % of the step for weights",
      name_of(best.part), percent(best.cycles, step), percent(best.step_cycles_if_infinite, step),
      percent(waiting_for_stream(outcome), step));
}

}  // namespace

std::string bottleneck_sentence(const Outcome& outcome) {
  std::string text = part_sentence(outcome);
  for (const UnevenOutcome& uneven : outcome.uneven) {
    text += fmt::format(
        "; {} holds up all the others: as fast as they are, the step would take {:.1f} % of its "
        "time",
        uneven.what, percent(uneven.step_cycles_if_even, outcome.step.cycles));
  }
  return text;
}

}  // namespace wafersim
