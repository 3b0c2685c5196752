// A run as an answer to read: what comes out, what limits it, and where the cycles go.
#include <algorithm>

#include <fmt/format.h>

#include "wafersim/report/format.hpp"
#include "wafersim/report/run_report.hpp"
#include "wafersim/report/table.hpp"

#include "report/run_text_sections.hpp"

namespace wafersim {
namespace {

constexpr std::size_t kTerminal = 100;

std::string name_of(const Tree& tree) {
  const Tree* name = tree.find("name");
  return name == nullptr || name->text.empty() ? "?" : clipped(name->text, 40);
}

std::string plural(Wide count, std::string_view word) {
  return fmt::format("{} {}{}", grouped(count), word, count == 1 ? "" : "s");
}

// Steps that take hours are better counted per day.
std::string throughput(double per_second, const std::string& what) {
  constexpr double kDay = 86'400.0;
  return per_second > 0 && per_second < 0.01 ? si(per_second * kDay, what + "/day")
                                             : si(per_second, what + "/s");
}

std::string headline(const RunReport& report) {
  const Outcome& outcome = report.outcome;
  const StepOutcome& step = outcome.step;
  const std::string who = fmt::format(
      "{} on {}: {}, {} and {} tokens per node and step{}", name_of(report.workload), name_of(report.machine),
      plural(outcome.nodes, "node"), plural(outcome.sequences_per_node, "sequence"),
      grouped(outcome.tokens_per_node), outcome.mode == StepMode::evaluate ? ", forward only" : "");
  std::string out = wrapped(who, kTerminal, 2) + "\n\n";
  const auto line = [&](std::string_view name, const std::string& text) {
    out += fmt::format("  {:<12}  {}\n", name, text);
  };
  line("step", fmt::format("{} cycles, {}", grouped(step.cycles.count()), duration(step.time)));
  line("first step", fmt::format("{} cycles", grouped(step.first_step_cycles.count())));
  line("throughput", fmt::format("{}, {}", throughput(step.samples_per_second, "samples"),
                                 throughput(step.tokens_per_second, "tokens")));
  line("utilisation", fmt::format("{} of the dense FP16 peak, {} done", percent(step.utilization),
                                  si(step.flops_done, "FLOP")));
  line("energy", fmt::format("{} per step, cores and fabric of the wafers", si(step.energy_joules, "J")));
  if (!step.steady) {
    out += "\n  The last two steps differ: the steady state was not reached (raise cluster.steps).\n";
  }
  return out;
}

std::string attribution(const Outcome& outcome) {
  Table table{{{"part", Align::left}, {"cycles"}, {"share"}, {"step if infinitely fast"}, {"gain"}}};
  const Cycles step = outcome.step.cycles;
  const auto gain = [&](Cycles without) { return percent(std::max(0.0, 1.0 - share_of(without, step))); };
  for (const PartOutcome& part : outcome.attribution) {
    table.add({std::string{to_string(part.part)}, grouped(part.cycles.count()),
               percent(share_of(part.cycles, step)), grouped(part.step_cycles_if_infinite.count()),
               gain(part.step_cycles_if_infinite)});
  }
  table.add({"step", grouped(step.count()), percent(share_of(step, step))});
  const Cycles streamed = outcome.step_cycles_if_stream_infinite;
  return "Where the cycles go\n" + table.text() +
         fmt::format("  With io, swarmx, dram and flash infinitely fast together: {} cycles, gain {}.\n",
                     grouped(streamed.count()), gain(streamed));
}

std::string not_modelled(const RunReport& report) {
  const Tree* parts = report.workload.find("not_modelled");
  if (parts == nullptr || parts->items.empty()) return {};
  std::string out = "Not modelled\n";
  for (const Tree& part : parts->items) out += fmt::format("  {}\n", clipped(part.text, kTerminal - 2));
  return out;
}

}  // namespace

std::string write_text(const RunReport& report) {
  const Outcome& outcome = report.outcome;
  std::string out = headline(report);
  out += "\n" + wrapped("Bottleneck: " + outcome.step.bottleneck + ".", kTerminal, 2) + "\n";
  if (const std::string warning = report_detail::wear_warning(outcome); !warning.empty())
    out += wrapped(warning, kTerminal, 2) + "\n";
  for (const std::string& section :
       {attribution(outcome), report_detail::layer_section(outcome), report_detail::weak_section(outcome),
        report_detail::station_section(outcome), report_detail::memory_section(outcome),
        report_detail::store_section(outcome), report_detail::sparsity_section(outcome),
        report_detail::zeros_section(outcome), report_detail::fidelity_section(outcome),
        report_detail::plan_section(outcome), not_modelled(report)}) {
    if (!section.empty()) out += "\n" + section;
  }
  return out;
}

}  // namespace wafersim
