// Two rows and a reason.
#include "wafersim/report/execution_report.hpp"

#include <fmt/format.h>

#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"

#include "report/json_text.hpp"
#include "report/plan_json.hpp"
#include "report/plan_words.hpp"

namespace wafersim {

namespace {

report_detail::Json json_of(const StepOutcome& step) {
  return {{"cycles", step.cycles.count()},
          {"samples_per_second", step.samples_per_second},
          {"flops_done", report_detail::exact(step.flops_done)}};
}

}  // namespace

std::string write_text(const ExecutionComparison& both) {
  constexpr std::size_t kTerminal = 100;
  Table table{{{"execution", Align::left}, {"step cycles"}, {"samples/s"}, {"done"}}};
  const auto add = [&](const char* name, const StepOutcome& step) {
    table.add(
        {name, grouped(step.cycles.count()), si(step.samples_per_second, ""), si(step.flops_done, "FLOP")});
  };
  add("weight_streaming", both.streaming.step);
  add("pipelined", both.pipelined.step);
  return fmt::format(
      "{} sequences a step on one wafer, nothing recomputed\n{}\n{}\n\n{}, {} of the fullest PE\n",
      grouped(both.streaming.sequences_per_node), table.text(), wrapped(both.conclusion + ".", kTerminal, 0),
      report_detail::describe_pipeline(*both.pipelined.pipeline),
      si(both.pipelined.memory.front().used.count(), "B"));
}

std::string write_json(const ExecutionComparison& both) {
  report_detail::Json pipeline = report_detail::pipeline_json(*both.pipelined.pipeline);
  pipeline["fullest_pe_bytes"] = both.pipelined.memory.front().used.count();
  return report_detail::document({{"schema", "wafersim.execution/1"},
                                  {"sequences", both.streaming.sequences_per_node},
                                  {"weight_streaming", json_of(both.streaming.step)},
                                  {"pipelined", json_of(both.pipelined.step)},
                                  {"pipeline", std::move(pipeline)},
                                  {"conclusion", both.conclusion}});
}

}  // namespace wafersim
