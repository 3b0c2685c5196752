// `wafersim run`: one training step, and why it takes as long as it does.
#include "wafersim/cluster/run.hpp"

#include "wafersim/base/error.hpp"
#include "wafersim/report/output.hpp"
#include "wafersim/report/run_report.hpp"
#include "wafersim/study/run_key.hpp"

#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/progress.hpp"
#include "cli/version.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

Usage usage() {
  Usage usage{
      .synopsis = "wafersim run MACHINE WORKLOAD [--set KEY=VALUE]... [--format text|json|csv] [-o FILE]",
      .explanation =
          "Simulates a few training steps and reports the last, steady one: cycles, throughput, what\n"
          "limits it, and where the cycles go. WORKLOAD is a workload file, a Hugging Face config.json, an\n"
          ".onnx model or a SCALE-Sim .csv.\n\n"
          "examples:\n"
          "  wafersim run configs/machine/cs2.yaml configs/workload/gpt3-6.7b.yaml\n"
          "  wafersim run configs/machine/cs2-192.yaml configs/workload/gpt3-175b.yaml \\\n"
          "      --set workload.sparsity.level=0.9 --set memoryx.dram.channels=16\n"
          "  wafersim run configs/machine/cs2.yaml config.json --set workload.tokens_per_node=65536 \\\n"
          "      --format json -o result.json --trace step.json\n",
      .options = po::options_description{"options"},
      .operands = {"MACHINE", "WORKLOAD"},
      .required_operands = 2};
  add_request_options(usage, "text, json (all figures and inputs) or csv (one row per layer)");
  usage.options.add_options()  //
      ("trace", po::value<std::string>()->value_name("FILE"),
       "write the step's time line for Perfetto or chrome://tracing")  //
      ("key", "run nothing: print the key that stands for these inputs on this model");
  return usage;
}

std::string written(const std::string& format, const RunReport& report) {
  if (format == "json") return write_json(report);
  return format == "csv" ? write_csv(report) : write_text(report);
}

void require_time_line(const TrainingPlan& plan) {
  if (plan.execution == Execution::weight_streaming) return;
  throw InputError{{.at = {.file = "--trace"},
                    .key = {},
                    .message = "a pipelined step comes from closed forms and has no time line; "
                               "workload.execution=weight_streaming has one"}};
}

RunResult simulate(const Inputs& inputs, bool quiet, Trace trace) {
  if (quiet) return run_training_step(inputs.machine, inputs.workload.workload, {}, trace);
  Progress progress{"simulating"};
  return run_training_step(
      inputs.machine, inputs.workload.workload, [&](double done) { progress.show(done); }, trace);
}

}  // namespace

int run_command(const Arguments& arguments) {
  Usage how = usage();
  const std::optional<Request> request =
      request_of(how, arguments, {"text", "json", "csv"}, {"output", "trace"});
  if (!request) return 0;
  const Parsed& parsed = request->parsed;
  const Inputs& inputs = request->inputs;
  if (parsed.has("key")) {
    print(run_key(inputs.machine, inputs.workload) + "\n");
    return 0;
  }
  if (!parsed.has("quiet")) say_notes(inputs.workload);
  if (parsed.has("trace")) require_time_line(inputs.workload.workload.plan);
  RunResult result = simulate(inputs, parsed.has("quiet"), parsed.has("trace") ? Trace::kept : Trace::none);
  const RunReport report{.version = std::string{kVersion},
                         .machine = to_tree(inputs.machine),
                         .workload = inputs.workload.resolved,
                         .seed = inputs.workload.workload.plan.sparsity.seed,
                         .outcome = std::move(result.outcome)};
  if (parsed.has("trace")) save(parsed.text("trace"), write_trace(result.trace));
  deliver(parsed, written(request->format, report));
  if (request->format != "text" && !report.outcome.step.steady && !parsed.has("quiet"))
    say("the last two steps differ: the steady state was not reached (raise cluster.steps)");
  return 0;
}

}  // namespace wafersim::cli
