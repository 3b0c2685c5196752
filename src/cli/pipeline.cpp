// `wafersim pipeline`: a model whose weights stay on the wafer, beside the same model streamed.
#include "wafersim/cluster/execution.hpp"
#include "wafersim/report/execution_report.hpp"

#include "cli/command.hpp"
#include "cli/inputs.hpp"

namespace wafersim::cli {
namespace {

Usage usage() {
  Usage usage{
      .synopsis = "wafersim pipeline MACHINE WORKLOAD [--set KEY=VALUE]... [--format text|json]",
      .explanation =
          "Lays every layer of the model on PEs of its own, weights resident, so that all layers are about\n"
          "equally fast (pipelined execution, the original way), and compares a training step with the same\n"
          "step by weight streaming: which is faster, and why. A model that cannot be resident is "
          "refused.\n"
          "`wafersim run` does the same step with workload.execution: pipelined.\n\n"
          "examples:\n"
          "  wafersim pipeline configs/machine/cs2.yaml configs/workload/bert-large.yaml\n"
          "  wafersim pipeline configs/machine/cs2.yaml configs/workload/gpt2.yaml --set "
          "workload.global_batch=256\n",
      .options = boost::program_options::options_description{"options"},
      .operands = {"MACHINE", "WORKLOAD"},
      .required_operands = 2};
  add_request_options(usage, "text or json");
  return usage;
}

}  // namespace

int pipeline_command(const Arguments& arguments) {
  Usage how = usage();
  const std::optional<Request> request = request_of(how, arguments, {"text", "json"}, {"output"});
  if (!request) return 0;
  const LoadedWorkload& workload = request->inputs.workload;
  if (!request->parsed.has("quiet")) say_notes(workload);
  const ExecutionComparison both = compare_executions(request->inputs.machine, workload.workload);
  deliver(request->parsed, request->format == "json" ? write_json(both) : write_text(both));
  return 0;
}

}  // namespace wafersim::cli
