// `wafersim pipeline`: a model whose weights stay on the wafer, beside the same model streamed.
#include "wafersim/cluster/execution.hpp"
#include "wafersim/report/execution_report.hpp"

#include "cli/command.hpp"
#include "cli/inputs.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

Usage usage() {
  Usage usage{
      .synopsis = "wafersim pipeline MACHINE WORKLOAD [--set KEY=VALUE]... [--format text|json]",
      .explanation =
          "Lays every layer of the model on PEs of its own, weights resident, so that all layers are about\n"
          "equally fast (pipelined execution, the original way), and compares a training step with the same\n"
          "step by weight streaming: which is faster, and why. A model that cannot be resident is "
          "refused.\n\n"
          "examples:\n"
          "  wafersim pipeline configs/machine/cs2.yaml configs/workload/bert-large.yaml\n"
          "  wafersim pipeline configs/machine/cs2.yaml configs/workload/gpt2.yaml --set "
          "workload.global_batch=256\n",
      .options = po::options_description{"options"},
      .operands = {"MACHINE", "WORKLOAD"},
      .required_operands = 2};
  usage.options.add_options()  //
      ("set", po::value<std::vector<std::string>>()->value_name("KEY=VALUE")->composing(),
       "change a key of the machine, or of the workload (workload.KEY); may be repeated")              //
      ("format", po::value<std::string>()->value_name("NAME")->default_value("text"), "text or json")  //
      ("output,o", po::value<std::string>()->value_name("FILE"), "write there instead of standard output");
  return usage;
}

}  // namespace

int pipeline_command(const Arguments& arguments) {
  Usage how = usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return 0;
  const std::string format = one_of(parsed, "format", {"text", "json"});
  check_outputs(parsed, {"output"});
  const Inputs inputs = inputs_from(parsed.operands[0], parsed.operands[1], Overrides{parsed.list("set")});
  const ExecutionComparison both = compare_executions(inputs.machine, inputs.workload.workload);
  deliver(parsed, format == "json" ? write_json(both) : write_text(both));
  return 0;
}

}  // namespace wafersim::cli
