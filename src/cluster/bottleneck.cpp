// Says which part takes most of the step, what it waits for, and what a faster one would bring.
#include "cluster/bottleneck.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace wafersim {

namespace {

double share(Cycles part, Cycles whole) {
  return whole == Cycles{} ? 0.0 : static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

std::string_view description(Part part) {
  switch (part) {
    case Part::compute:
      return "the PEs' datapaths multiply and add";
    case Part::fabric:
      return "the PEs serve reductions and other traffic on the wafer";
    case Part::io:
      return "the wafer waits for the node's Ethernet lanes";
    case Part::swarmx:
      return "the wafer waits for SwarmX's links";
    case Part::dram:
      return "the wafer waits for MemoryX's DRAM";
    case Part::flash:
      return "the wafer waits for MemoryX's flash";
    case Part::update:
      return "the wafer waits for the optimizer's arithmetic";
    case Part::fill:
      return "pipelines fill and drain";
  }
  return "";
}

// Stations that could be made faster, by the part they belong to.
std::string_view noun(Part part) {
  switch (part) {
    case Part::compute:
      return "compute";
    case Part::fabric:
      return "on-wafer traffic";
    case Part::io:
      return "node I/O";
    case Part::swarmx:
      return "SwarmX";
    case Part::dram:
      return "DRAM";
    case Part::flash:
      return "flash";
    case Part::update:
      return "the optimizer";
    case Part::fill:
      return "latency";
  }
  return "";
}

// The part whose removal would help most.
const PartOutcome& most_helpful(const Outcome& outcome) {
  return *std::min_element(outcome.attribution.begin(), outcome.attribution.end(),
                           [](const PartOutcome& a, const PartOutcome& b) {
                             return a.step_cycles_if_infinite < b.step_cycles_if_infinite;
                           });
}

}  // namespace

std::string bottleneck_sentence(const Outcome& outcome) {
  const auto& parts = outcome.attribution;
  const PartOutcome& first =
      *std::max_element(parts.begin(), parts.end(),
                        [](const PartOutcome& a, const PartOutcome& b) { return a.cycles < b.cycles; });
  const Cycles step = outcome.step.cycles;
  std::string text =
      fmt::format("for {:.1f} % of the step {}", 100.0 * share(first.cycles, step), description(first.part));
  const double without = share(first.step_cycles_if_infinite, step);
  if (first.step_cycles_if_infinite < step) {
    text += fmt::format("; were {} infinitely fast, the step would take {:.1f} % of its time",
                        noun(first.part), 100.0 * without);
  } else {
    text += fmt::format("; a faster {} alone would gain nothing, because the next station has the same rate",
                        noun(first.part));
  }
  const PartOutcome& best = most_helpful(outcome);
  if (best.part != first.part && best.step_cycles_if_infinite < first.step_cycles_if_infinite) {
    text +=
        fmt::format(" ({}: {:.1f} %)", noun(best.part), 100.0 * share(best.step_cycles_if_infinite, step));
  }
  return text;
}

}  // namespace wafersim
