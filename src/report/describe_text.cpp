// A description as tables for the terminal.
#include <utility>

#include <fmt/format.h>

#include "wafersim/report/description.hpp"
#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"

#include "report/describe_layers.hpp"
#include "report/plan_words.hpp"

namespace wafersim {
namespace {

constexpr std::size_t kTerminal = 100;
constexpr std::size_t kFormulaWidth = 38;
constexpr std::uint64_t kExactBelow = 1'000'000'000;  // larger counts are bounds, not counts of things

std::string name_in(const Tree& tree) {
  const Tree* name = tree.find("name");
  return name == nullptr ? "?" : clipped(name->text, 60);
}

std::string figure(DerivedFigure::Unit unit, std::uint64_t value) {
  switch (unit) {
    case DerivedFigure::Unit::count:
      return value < kExactBelow ? grouped(value) : si(value, "");
    case DerivedFigure::Unit::flops:
      return si(value, "FLOP/s");
    case DerivedFigure::Unit::bytes:
      return si(value, "B");
    case DerivedFigure::Unit::bytes_per_second:
      return si(value, "B/s");
  }
  return {};
}

std::string machine_text(const MachineDescription& machine) {
  Table table{{{"figure", Align::left}, {"derived"}, {"published"}, {"from", Align::left}}};
  for (const DerivedFigure& row : machine.figures) {
    // A long formula goes on below.
    std::string formula = wrapped(row.formula, kFormulaWidth, 0);
    std::vector<std::string> cells{row.name, figure(row.unit, row.value),
                                   row.published ? figure(row.unit, *row.published) : ""};
    for (std::size_t end = formula.find('\n'); end != std::string::npos; end = formula.find('\n')) {
      cells.push_back(formula.substr(0, end));
      formula.erase(0, end + 1);
      table.add(std::exchange(cells, {"", "", ""}));
    }
    cells.push_back(formula);
    table.add(std::move(cells));
  }
  return fmt::format("Machine: {}\n", name_in(machine.resolved)) + table.text();
}

std::string work_text(const WorkloadDescription& description) {
  const WorkloadSummary& summary = description.summary;
  const std::uint64_t sequence_length = description.workload.plan.sequence_length;
  const Work& work = summary.per_sequence;
  std::string out =
      fmt::format("\nWork of one sequence of {} tokens (matrix products only)\n", grouped(sequence_length));
  const auto line = [&](std::string_view name, Wide done, Wide skipped) {
    out += fmt::format("  {:<10}  {} FLOP", name, grouped(done));
    if (skipped > 0) out += fmt::format(", {} skipped", grouped(skipped));
    out += '\n';
  };
  line("forward", work.done.forward, work.skipped.forward);
  line("backward", work.done.backward, work.skipped.backward);
  if (work.done.recompute > 0) line("recompute", work.done.recompute, work.skipped.recompute);
  line("all", work.done.total(), work.skipped.total());
  out += fmt::format("  {:<10}  {} multiply-adds, dense\n", "forward",
                     grouped(summary.forward_macs_per_sequence));
  Wide bytes = 0;
  for (const LayerFigures& layer : summary.each) bytes += layer.bytes;
  return out + fmt::format(
                   "  {:<10}  {} FLOP for each byte of weights and activations that a layer takes or makes\n",
                   "intensity", si(static_cast<double>(work.done.forward) / static_cast<double>(bytes), ""));
}

std::string workload_text(const WorkloadDescription& description) {
  const WorkloadSummary& summary = description.summary;
  std::string out = fmt::format("Workload: {}\n", name_in(description.resolved));
  out += fmt::format("  parameters   {}\n", grouped(summary.parameters));
  out += "    " +
         wrapped(
             "counted: every number that training changes, in matrices, embeddings, biases and "
             "gains; a matrix that two layers share counts once",
             kTerminal - 4, 4) +
         "\n";
  out += fmt::format("  kept         {} after pruning; {} are in matrices before it\n",
                     grouped(summary.kept_weights), grouped(summary.matrix_weights));
  out += fmt::format("  layers       {}, in {} blocks and outside of them\n", grouped(summary.layers),
                     grouped(summary.blocks));
  out += fmt::format("  activations  {} numbers per token kept for the backward pass",
                     grouped(summary.activations.kept_features));
  if (summary.activations.recomputed_features > 0) {
    out += fmt::format(",\n               {} more while a block runs again",
                       grouped(summary.activations.recomputed_features));
  }
  out += "\n\n";
  Table kinds{{{"kind", Align::left}, {"layers"}, {"parameters"}}};
  for (const KindSummary& kind : summary.kinds)
    kinds.add({std::string{to_string(kind.kind)}, grouped(kind.layers), grouped(kind.parameters)});
  out += kinds.text() + work_text(description);
  out += report_detail::layers_text(description) + report_detail::largest_text(description);
  return out + report_detail::needs_text(description);
}

std::string fit_text(const FitDescription& fit) {
  const WaferPlan& plan = fit.plan;
  std::string out =
      fmt::format("Where it fits: each of {} node{}\n", grouped(fit.nodes), fit.nodes == 1 ? "" : "s");
  if (!plan.micro_batches.empty())
    out += fmt::format("  {}\n", report_detail::describe_batches(plan.micro_batches));
  out += fmt::format("  mapping: {}\n", report_detail::describe_mapping(plan.mapping));
  for (const MappingChoice& other : plan.runners_up) {
    out += "  " + report_detail::describe_runner_up(other) + "\n";
  }
  Table table{{{"memory of the fullest PE", Align::left}, {"bytes"}, {"share"}}};
  const Cycles capacity{plan.sram.capacity.count()};
  const auto row = [&](const std::string& name, Bytes bytes) {
    table.add(
        {clipped(name, 60), grouped(bytes.count()), percent(share_of(Cycles{bytes.count()}, capacity))});
  };
  for (const SramItem& item : plan.sram.items) row(item.name, item.bytes);
  row("all", plan.sram.used());
  row("capacity", plan.sram.capacity);
  return out + "\n" + table.text();
}

}  // namespace

std::string write_text(const Description& description) {
  std::string out;
  const auto add = [&](const std::string& section) { out += (out.empty() ? "" : "\n") + section; };
  if (description.machine) add(machine_text(*description.machine));
  if (description.workload) add(workload_text(*description.workload));
  if (description.fit) add(fit_text(*description.fit));
  return out;
}

}  // namespace wafersim
