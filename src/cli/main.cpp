// Finds the subcommand, keeps SystemC quiet, and turns exceptions into exit codes.
#include <array>
#include <cstdlib>
#include <systemc>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/exit_code.hpp"
#include "wafersim/base/suggest.hpp"
#include "wafersim/report/output.hpp"

#include "cli/command.hpp"
#include "cli/mesh_commands.hpp"
#include "cli/version.hpp"

namespace wafersim::cli {

std::span<const Command> commands() {
  static constexpr std::array kAll{
      Command{"run", "simulate a training step of a workload on a machine", &run_command},
      Command{"describe", "what follows from a machine, a workload, or both", &describe_command},
      Command{"convert", "write a model of any format as a workload file", &convert_command},
      Command{"pipeline", "weights resident on the wafer, beside the same model streamed", &pipeline_command},
      Command{"scale", "weak and strong scaling, and where the limit changes", &scale_command},
      Command{"sweep", "run a study: many points, one table", &sweep_command},
      Command{"compare", "two results or two sweeps: what changed, and where it came from", &compare_command},
      Command{"check", "run baselines again and say what changed: cycle regression for CI", &check_command},
      Command{"sensitivity", "which parameters of a machine matter to a workload", &sensitivity_command},
      Command{"layer", "one matrix product at several sparsities, and what limits each", &layer_command},
      Command{"kernel", "run one kernel on the mesh, wavelet by wavelet", &kernel_command},
      Command{"validate", "published numbers of the mesh, side by side with the simulator's",
              [](const Arguments& arguments) { return run_validate_command(arguments); }}};
  return kAll;
}

namespace {

std::string help() {
  std::string text =
      "wafersim: how many cycles does a training step take on a wafer-scale cluster, and why?\n\n"
      "usage: wafersim COMMAND [OPTION]...\n\n"
      "commands:\n";
  for (const Command& command : commands())
    text += fmt::format("  {:<11} {}\n", command.name, command.summary);
  return text +
         "\nwafersim COMMAND --help explains a command; wafersim --version names the build.\n\n"
         "example:\n"
         "  wafersim run configs/machine/cs2.yaml configs/workload/gpt3-6.7b.yaml\n\n"
         "Results go to standard output, messages to standard error.\n"
         "exit codes: 0 done; 1 a check failed; 2 the input is wrong; 3 it does not fit; 4 a fault of the "
         "program\n";
}

std::string version() {
  return kCommit.empty() ? fmt::format("wafersim {}\n", kVersion)
                         : fmt::format("wafersim {} ({})\n", kVersion, kCommit);
}

[[noreturn]] void refuse_command(const std::string& name) {
  std::vector<std::string> known;
  for (const Command& command : commands()) known.emplace_back(command.name);
  const std::optional<std::string> near = nearest_word(name, known);
  const bool option = name.starts_with('-');
  throw InputError{
      {.at = {.file = "command line"},
       .key = {},
       .message = fmt::format("unknown {} '{}' ({})", option ? "option" : "command", name,
                              near ? fmt::format("did you mean '{}'?", *near) : "see wafersim --help")}};
}

int dispatch(const Arguments& arguments) {
  if (arguments.empty())
    throw InputError{
        {.at = {.file = "command line"}, .key = {}, .message = "no command (see wafersim --help)"}};
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    print(help());
    return ExitCode::done;
  }
  if (name == "--version") {
    print(version());
    return ExitCode::done;
  }
  for (const Command& command : commands()) {
    if (command.name == name) return command.run({arguments.begin() + 1, arguments.end()});
  }
  refuse_command(name);
}

int guarded(const Arguments& arguments) {
  try {
    return dispatch(arguments);
  } catch (const std::exception& error) {
    const Ending ending = ending_of(error);
    say(ending.message);
    return ending.code;
  }
}

// SystemC would write to stdout, where only results belong.
void on_report(const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
  if (report.get_severity() == sc_core::SC_INFO) return;
  if (report.get_severity() == sc_core::SC_WARNING) return say(report.what());
  sc_core::sc_report_handler::default_handler(report, actions & ~static_cast<unsigned>(sc_core::SC_DISPLAY));
}

}  // namespace

}  // namespace wafersim::cli

int sc_main(int argc, char** argv) {
  sc_core::sc_report_handler::set_handler(wafersim::cli::on_report);
  return wafersim::cli::guarded({argv + 1, argv + argc});
}

int main(int argc, char** argv) {
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}
