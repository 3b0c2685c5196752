// Two rows and a reason.
#include "wafersim/report/execution_report.hpp"

#include <fmt/format.h>

#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"

#include "report/json_text.hpp"

namespace wafersim {

namespace {

report_detail::Json json_of(const Execution& one) {
  return {{"cycles", one.step.count()},
          {"samples_per_second", one.samples_per_second},
          {"flops_done", report_detail::exact(one.flops)}};
}

}  // namespace

std::string write_text(const ExecutionComparison& both) {
  constexpr std::size_t kTerminal = 100;
  Table table{{{"execution", Align::left}, {"step cycles"}, {"samples/s"}, {"done"}}};
  const auto add = [&](const char* name, const Execution& one) {
    table.add({name, grouped(one.step.count()), si(one.samples_per_second, ""), si(one.flops, "FLOP")});
  };
  add("weight_streaming", both.streaming);
  add("pipelined", both.pipelined);
  return fmt::format(
      "{} sequences a step on one wafer, nothing recomputed\n{}\n{}\n\nPipeline: {} layers on {} columns "
      "of PEs, {} sequences deep, {} cycles from sequence to sequence, {} of the fullest PE\n",
      grouped(both.sequences), table.text(), wrapped(both.conclusion + ".", kTerminal, 0),
      both.pipeline.stages.size(), both.pipeline.columns, both.pipeline.depth,
      grouped(both.pipeline.period.count()), si(both.fullest_pe.count(), "B"));
}

std::string write_json(const ExecutionComparison& both) {
  return report_detail::document({{"schema", "wafersim.execution/1"},
                                  {"sequences", both.sequences},
                                  {"weight_streaming", json_of(both.streaming)},
                                  {"pipelined", json_of(both.pipelined)},
                                  {"pipeline",
                                   {{"columns", both.pipeline.columns},
                                    {"depth", both.pipeline.depth},
                                    {"period_cycles", both.pipeline.period.count()},
                                    {"slowest_layer", both.slowest_layer},
                                    {"balance", both.balance},
                                    {"filling", both.filling},
                                    {"fullest_pe_bytes", both.fullest_pe.count()}}},
                                  {"conclusion", both.conclusion}});
}

}  // namespace wafersim
