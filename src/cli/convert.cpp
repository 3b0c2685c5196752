// `wafersim convert`: any model as a workload file of ours.
#include "cli/command.hpp"
#include "cli/inputs.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

Usage usage() {
  Usage usage{
      .synopsis = "wafersim convert MODEL [--bind NAME=SIZE,...] [--unknown stop|skip] [-o FILE]",
      .explanation =
          "Writes a model (.onnx, Hugging Face config.json, SCALE-Sim .csv) or a workload as a workload "
          "file\n"
          "with a graph: every layer on a line of its own, with all names and sizes, ready to be changed.\n\n"
          "examples:\n"
          "  wafersim convert resnet50.onnx --bind batch=1 -o resnet50.yaml\n"
          "  wafersim convert topology.csv -o topology.yaml\n",
      .options = po::options_description{"options"},
      .operands = {"MODEL"},
      .required_operands = 1};
  add_input_options(usage);
  usage.options.add_options()  //
      ("output,o", po::value<std::string>()->value_name("FILE"), "write there instead of standard output");
  return usage;
}

}  // namespace

int convert_command(const Arguments& arguments) {
  Usage how = usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return 0;
  check_outputs(parsed, {"output"});
  const LoadedWorkload loaded = workload_from(parsed.operands[0], Overrides{parsed});
  say_notes(loaded);
  deliver(parsed, write_yaml(loaded));
  return 0;
}

}  // namespace wafersim::cli
