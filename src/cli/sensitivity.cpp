// `wafersim sensitivity`: which parameters of the machine matter.
#include "wafersim/study/sensitivity.hpp"

#include <optional>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/exit_code.hpp"
#include "wafersim/base/parse.hpp"

#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/progress.hpp"
#include "cli/sweep_options.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

Usage usage() {
  Usage usage{
      .synopsis = "wafersim sensitivity MACHINE WORKLOAD [--set KEY=VALUE]... [--change SHARE] [-j N]",
      .explanation =
          "Changes every parameter of the machine a little, up and down, each alone, and runs the step\n"
          "again with the same tokens per node. Sorted by effect: what each change saves or costs, what to\n"
          "improve first, how far until something else limits, and what does not matter at all.\n\n"
          "examples:\n"
          "  wafersim sensitivity configs/machine/cs2.yaml configs/workload/gpt3-13b.yaml\n"
          "  wafersim sensitivity configs/machine/cs2-192.yaml configs/workload/gpt3-175b.yaml --change 5%\n",
      .options = po::options_description{"options"},
      .operands = {"MACHINE", "WORKLOAD"},
      .required_operands = 2};
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  usage.options.add_options()  //
      ("set", po::value<std::vector<std::string>>()->value_name("KEY=VALUE")->composing(),
       "change a key of the machine, or of the workload (workload.KEY); may be repeated")    //
      ("change", text("SHARE")->default_value("10%"), "by how much each parameter changes")  //
      ("format", text("NAME")->default_value("text"), "text, json or csv")                   //
      ("jobs,j", text("N"), "runs at a time; as many as there are cores")                    //
      ("output,o", text("FILE"), "write there instead of standard output")                   //
      ("quiet,q", "no progress");
  return usage;
}

double change_of(const Parsed& parsed) {
  constexpr std::uint64_t kMost = Fraction::kOne / 2;
  const wafersim::Parsed<Fraction> share = parse_fraction(parsed.text("change"));
  if (share.value && share.value->billionths > 0 && share.value->billionths <= kMost)
    return static_cast<double>(share.value->billionths) / static_cast<double>(Fraction::kOne);
  throw InputError{{.at = {.file = "--change"},
                    .key = {},
                    .message = fmt::format("expected a share up to 50 %, got '{}'", parsed.text("change"))}};
}

}  // namespace

int sensitivity_command(const Arguments& arguments) {
  Usage how = usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return ExitCode::done;
  const std::string format = one_of(parsed, "format", {"text", "json", "csv"});
  check_outputs(parsed, {"output"});
  SensitivityOptions options{.change = change_of(parsed), .jobs = jobs_of(parsed), .on_progress = {}};
  const Inputs inputs = inputs_from(parsed.operands[0], parsed.operands[1], Overrides{parsed.list("set")});
  std::optional<Progress> progress;
  if (!parsed.has("quiet")) {
    progress.emplace("sensitivity");
    options.on_progress = [&progress](std::size_t done, std::size_t all) {
      progress->show(static_cast<double>(done) / static_cast<double>(all),
                     fmt::format("{} of {} runs", done, all));
    };
  }
  const Sensitivity found = find_sensitivity(inputs.machine, inputs.workload, options);
  progress.reset();
  deliver(parsed, format == "json"  ? write_json(found)
                  : format == "csv" ? write_csv(found)
                                    : write_text(found));
  return ExitCode::done;
}

}  // namespace wafersim::cli
