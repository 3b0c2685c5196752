// `wafersim describe`: what follows from a machine, a workload, or both, without a simulation.
#include "wafersim/base/error.hpp"
#include "wafersim/report/description.hpp"

#include "cli/command.hpp"
#include "cli/inputs.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

Usage usage() {
  Usage usage{.synopsis =
                  "wafersim describe MACHINE|WORKLOAD [--set KEY=VALUE]... [--format text|json] [-o FILE]\n"
                  "       wafersim describe MACHINE WORKLOAD [...]",
              .explanation =
                  "Of a machine: the derived figures beside the published ones. Of a workload: its layers "
                  "with\n"
                  "shapes, parameters, operations and bytes, and what training it needs. Of both: how the "
                  "workload\n"
                  "fits, with the memory of the fullest PE.\n\n"
                  "examples:\n"
                  "  wafersim describe configs/machine/cs2.yaml\n"
                  "  wafersim describe configs/workload/llama2-70b.yaml --format json\n"
                  "  wafersim describe configs/machine/cs2.yaml configs/workload/gpt3-13b.yaml \\\n"
                  "      --set workload.recompute=none\n",
              .options = po::options_description{"options"},
              .operands = {"MACHINE or WORKLOAD", "WORKLOAD"},
              .required_operands = 1};
  add_input_options(usage);
  usage.options.add_options()                                                                          //
      ("format", po::value<std::string>()->value_name("NAME")->default_value("text"), "text or json")  //
      ("output,o", po::value<std::string>()->value_name("FILE"), "write there instead of standard output");
  return usage;
}

void refuse_stray(const std::vector<Override>& strays, std::string_view prefix, const std::string& message) {
  if (strays.empty()) return;
  const std::string setting = std::string{prefix} + strays.front().key + "=" + strays.front().value;
  throw InputError{{.at = {.file = "--set " + setting}, .key = {}, .message = message}};
}

MachineDescription of_machine(const MachineSpec& machine) {
  return {.resolved = to_tree(machine), .figures = derived_figures(machine)};
}

WorkloadDescription of_workload(const LoadedWorkload& loaded) {
  say_notes(loaded);
  return describe_workload(loaded);
}

Description describe(const std::vector<std::string>& files, const Overrides& overrides) {
  if (files.size() == 2) {
    const Inputs inputs = inputs_from(files[0], files[1], overrides);
    MaskLibrary masks;
    const std::uint64_t nodes = inputs.machine.cluster.nodes;
    return {.machine = of_machine(inputs.machine),
            .workload = of_workload(inputs.workload),
            .fit = FitDescription{
                .nodes = nodes,
                .plan = plan_wafer(inputs.machine.wafer, inputs.workload.workload, nodes, masks)}};
  }
  if (kind_of(files[0]) == FileKind::machine) {
    refuse_stray(overrides.workload, "workload.", "there is no workload on this command line");
    return {.machine = of_machine(machine_from(files[0], overrides)), .workload = {}, .fit = {}};
  }
  refuse_stray(overrides.machine, "",
               "there is no machine on this command line; keys of the workload begin with 'workload.'");
  return {.machine = {}, .workload = of_workload(workload_from(files[0], overrides)), .fit = {}};
}

}  // namespace

int describe_command(const Arguments& arguments) {
  Usage how = usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return 0;
  const std::string format = one_of(parsed, "format", {"text", "json"});
  check_outputs(parsed, {"output"});
  const Description description = describe(parsed.operands, Overrides{parsed});
  deliver(parsed, format == "json" ? write_json(description) : write_text(description));
  return 0;
}

}  // namespace wafersim::cli
