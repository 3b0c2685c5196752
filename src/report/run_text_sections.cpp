// Layers, stations, memory, sparsity and plan as tables for the terminal.
#include "report/run_text_sections.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"

#include "report/layer_groups.hpp"
#include "report/plan_words.hpp"

namespace wafersim::report_detail {
namespace {

constexpr std::size_t kMostRows = 24;
constexpr std::size_t kTerminal = 100;
constexpr std::size_t kNameWidth = 28;

// "12.3 M", or "12.1 M to 13.4 M" where the layers of a group differ.
std::string each(const LayerGroup& group) {
  const std::string least = si(group.least.count(), "");
  const std::string most = si(group.most.count(), "");
  return least == most ? most : fmt::format("{} to {}", least, most);
}

std::string bytes(Bytes amount) {
  return si(amount.count(), "B");
}

std::string signed_cycles(std::int64_t cycles) {
  const auto size = static_cast<std::uint64_t>(cycles < 0 ? -cycles : cycles);
  return fmt::format("{}{}", cycles < 0 ? "-" : "+", grouped(size));
}

}  // namespace

std::string layer_section(const Outcome& outcome) {
  Table table{{{"layer", Align::left},
               {"kind", Align::left},
               {""},
               {"each"},
               {"share"},
               {"compute"},
               {"fabric"},
               {"waiting"}}};
  for (const LayerGroup& group : largest_groups(group_layers(outcome.layers), kMostRows)) {
    const auto part = [&](Cycles cycles) { return percent(share_of(cycles, group.total)); };
    // Layers of a pipeline have the whole step each, side by side.
    const Cycles whole = outcome.step.cycles * (outcome.pipeline ? group.count : 1);
    table.add({clipped(group.name, kNameWidth), group.kind,
               group.count > 1 ? fmt::format("x{}", grouped(group.count)) : "", each(group),
               percent(share_of(group.total, whole)), part(group.compute), part(group.fabric),
               part(group.waited)});
  }
  return fmt::format("Layers{}: cycles of each, share of the step, and what each spends them on\n{}",
                     outcome.pipeline ? " (side by side)" : "", table.text());
}

std::string weak_section(const Outcome& outcome) {
  std::vector<LayerGroup> weak;
  const LayerGroup* least = nullptr;  // of the others
  const LayerGroup* most = nullptr;
  const std::vector<LayerGroup> groups = group_layers(outcome.layers);
  for (const LayerGroup& group : groups) {
    if (!group.weakness.empty()) {
      weak.push_back(group);
    } else if (group.utilization > 0) {
      if (least == nullptr || group.utilization < least->utilization) least = &group;
      if (most == nullptr || group.utilization > most->utilization) most = &group;
    }
  }
  if (weak.empty()) return {};
  std::string out =
      "Layers that use the wafer badly: share of the dense FP16 peak, below a quarter of what their\n"
      "  arithmetic reaches at best, and why, with the share of their time that this takes\n";
  for (const LayerGroup& group : largest_groups(std::move(weak), kMostRows)) {
    if (group.weakness.empty()) {
      out += fmt::format("  {}\n", group.name);
    } else {
      out += wrapped(fmt::format("  {:<24}  {:>6}  {}", clipped(group.name, 24), percent(group.utilization),
                                 group.weakness),
                     kTerminal, 36) +
             "\n";
    }
  }
  if (least == nullptr) return out;
  const auto reached = [](const LayerGroup& group) {
    return fmt::format("{} ({})", percent(group.utilization), clipped(group.name, kNameWidth));
  };
  if (least == most) return out + fmt::format("  The other reaches {}\n", reached(*least));
  return out + fmt::format("  The others reach {} to {}\n", reached(*least), reached(*most));
}

std::string station_section(const Outcome& outcome) {
  Table table{{{"station", Align::left}, {"moved"}, {"achieved"}, {"peak"}, {"busy"}}};
  for (const StationOutcome& station : outcome.stations) {
    const bool computes = station.peak_bytes_per_second == 0.0;
    table.add(
        {station.name, computes ? si(station.flops, "FLOP") : si(station.bytes, "B"),
         computes ? "" : si(station.achieved_bytes_per_second, "B/s"),
         computes ? si(station.peak_flops_per_second, "FLOP/s") : si(station.peak_bytes_per_second, "B/s"),
         percent(station.busy_fraction)});
  }
  return "Stations in one step, from the store to the cores\n" + table.text();
}

std::string memory_section(const Outcome& outcome) {
  Table table{{{"memory", Align::left}, {"used"}, {"capacity"}, {""}, {"largest", Align::left}}};
  for (const MemoryOutcome& memory : outcome.memory) {
    const Cycles used{memory.used.count()};
    const Cycles capacity{memory.capacity.count()};
    table.add({memory.name, bytes(memory.used), bytes(memory.capacity), percent(share_of(used, capacity)),
               clipped(memory.largest, 2 * kNameWidth)});
  }
  return "Memory (wafer.sram: of the fullest PE)\n" + table.text();
}

std::string store_section(const Outcome& outcome) {
  const StoreOutcome& store = outcome.store;
  if (store.dram.empty()) return {};
  Table traffic{{{"traffic", Align::left}, {"DRAM"}, {"flash read"}, {"flash written"}}};
  const auto row = [&](std::string name, const StoreWorkBytes& moved) {
    if (moved.dram == Bytes{}) return;
    traffic.add({std::move(name), bytes(moved.dram), bytes(moved.flash_reads), bytes(moved.flash_writes)});
  };
  row("streaming weights", store.streaming);
  row("updating", store.updating);
  row("adding gradients", store.accumulating);
  std::string out = "Weight store in one step\n" + traffic.text();
  Table dram{{{"DRAM while", Align::left}, {"sustains"}, {"of the bus"}}};
  for (const DramPatternOutcome& pattern : store.dram)
    dram.add({pattern.name, si(pattern.bytes_per_second, "B/s"), percent(pattern.efficiency)});
  out += dram.text();
  const WearOutcome& wear = store.wear;
  if (wear.written == Bytes{}) return out;
  return out + fmt::format(
                   "  flash wear: {:.3g} erase cycles a step, {:.3g} a day, of {} that a block bears; "
                   "end of life after {} steps, {:.3g} years\n",
                   wear.cycles_per_step, wear.cycles_per_day, grouped(wear.endurance),
                   grouped(wear.bearable_steps), wear.years);
}

std::string wear_warning(const Outcome& outcome) {
  const WearOutcome& wear = outcome.store.wear;
  if (!wear.wears_out) return {};
  return fmt::format(
      "Warning: training on {} tokens{} wears MemoryX's flash out; it bears {} tokens, {} of the "
      "{} steps.",
      si(wear.run_tokens, ""), wear.run_is_assumed ? " (20 for each parameter)" : "",
      si(wear.bearable_tokens, ""), grouped(wear.bearable_steps), grouped(wear.run_steps));
}

std::string sparsity_section(const Outcome& outcome) {
  if (!outcome.sparsity) return {};
  const SparsityOutcome& sparsity = *outcome.sparsity;
  std::string out = "Sparsity\n";
  out += fmt::format("  skipped   {} weights, {} per step\n", grouped(sparsity.weights_skipped),
                     si(sparsity.flops_skipped, "FLOP"));
  out += sparsity.bytes_added > Bytes{}
             ? fmt::format("  streamed  {} more into each wafer than dense: indices cost more than zeros\n",
                           bytes(sparsity.bytes_added))
             : fmt::format("  streamed  {} less into each wafer than dense\n", bytes(sparsity.bytes_skipped));
  if (!sparsity.dense_refused.empty()) {
    return out + fmt::format(
                     "  speed-up  {:.2f} would be ideal; the dense model cannot run, so there is nothing to "
                     "compare with\n",
                     sparsity.ideal_speedup);
  }
  out += fmt::format("  speed-up  {:.2f} over the dense step of {} cycles; {:.2f} would be ideal\n",
                     sparsity.speedup, grouped(sparsity.dense_step_cycles.count()), sparsity.ideal_speedup);
  Table table{{{"part", Align::left}, {"cycles beyond its ideal share"}, {"of the step"}}};
  std::vector<Part> parts{kAllParts.begin(), kAllParts.end()};
  std::stable_sort(parts.begin(), parts.end(), [&](Part a, Part b) {
    return sparsity.lost_cycles[index_of(a)] > sparsity.lost_cycles[index_of(b)];
  });
  for (const Part part : parts) {
    const std::int64_t lost = sparsity.lost_cycles[index_of(part)];
    if (lost == 0) continue;
    const double share = static_cast<double>(lost) / static_cast<double>(outcome.step.cycles.count());
    table.add({std::string{to_string(part)}, signed_cycles(lost), percent(share)});
  }
  if (table.empty()) return out;
  return out +
         fmt::format("  Where the step differs from the ideal {} cycles:\n",
                     grouped(sparsity.ideal_step_cycles.count())) +
         table.text();
}

std::string fidelity_section(const Outcome& outcome) {
  if (!outcome.fidelity) return {};
  const FidelityOutcome& fidelity = *outcome.fidelity;
  Table table{{{"product", Align::left},
               {"pass", Align::left},
               {"tokens a PE"},
               {"outputs run"},
               {"mesh cycles"},
               {"closed form"},
               {"error"}}};
  std::string missing;
  for (const TimedProduct& it : fidelity.products) {
    const std::string name = fmt::format("{} -> {}{}", it.in, it.out, it.sparse ? ", sparse" : "");
    if (!it.why_not.empty()) {
      missing +=
          wrapped(fmt::format("{}, {}: by its closed form, as {}.", name, to_string(it.pass), it.why_not),
                  kTerminal, 2) +
          "\n";
      continue;
    }
    table.add({name, std::string{to_string(it.pass)}, grouped(it.tokens), grouped(it.outputs_run),
               grouped(it.mesh), grouped(it.flow), fmt::format("{:+.1f} %", it.error_percent())});
  }
  const double flow = share_of(fidelity.flow_step_cycles, outcome.step.cycles) - 1;
  return fmt::format("Products of linear layers on the mesh, {}\n", to_string(fidelity.fidelity)) +
         table.text() + missing +
         fmt::format("  With closed forms alone the step would take {} cycles, {:.1f} % {}.\n",
                     grouped(fidelity.flow_step_cycles.count()), 100 * std::abs(flow),
                     flow < 0 ? "fewer" : "more");
}

std::string plan_section(const Outcome& outcome) {
  const WaferPlan& plan = outcome.plan;
  std::string out = "Plan\n";
  out += fmt::format("  {} parameters, {} B each {} when dense\n", grouped(outcome.parameters),
                     outcome.bytes_per_parameter, outcome.pipeline ? "on the wafer" : "at MemoryX");
  if (outcome.pipeline) return out + fmt::format("  {}\n", describe_pipeline(*outcome.pipeline));
  if (!plan.micro_batches.empty()) out += fmt::format("  {}\n", describe_batches(plan.micro_batches));
  out += fmt::format("  mapping: {}\n", describe_mapping(plan.mapping));
  if (plan.micro_batches.size() > 1 && outcome.mode == StepMode::train) {
    out += fmt::format("  gradients of the micro-batches are summed {}\n",
                       plan.gradient_sums == GradientSums::on_wafer ? "on the wafer" : "at MemoryX");
  }
  for (const MappingChoice& other : plan.runners_up) {
    out += "  " + describe_runner_up(other) + "\n";
  }
  return out;
}

}  // namespace wafersim::report_detail
