// `wafersim check`: baselines run again, and what changed.
#include "wafersim/study/check.hpp"

#include <algorithm>

#include "wafersim/base/exit_code.hpp"
#include "wafersim/report/output.hpp"

#include "cli/command.hpp"
#include "cli/sweep_options.hpp"
#include "cli/version.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

Usage usage() {
  Usage usage{
      .synopsis = "wafersim check BASELINE... [--tolerance [FIGURE=]SHARE]... [--junit FILE] [--update]",
      .explanation =
          "Runs the inputs of result files again and compares every figure, for equality or within a\n"
          "tolerance. Explains a difference by layers and stations whose cycles sum to it. Exit code 1 if a\n"
          "baseline does not hold. A baseline may state tolerances itself:\n"
          "  \"tolerance\": {\"step.*\": \"0.1 %\"}\n\n"
          "examples:\n"
          "  wafersim run machine.yaml model.yaml --format json -o baselines/model.json\n"
          "  wafersim check baselines/*.json --junit check.xml\n"
          "  wafersim check baselines/*.json --tolerance step.cycles=1% --tolerance 'stations.*=5%'\n"
          "  wafersim check baselines/*.json --update\n",
      .options = po::options_description{"options"},
      .operands = {"BASELINE"},
      .required_operands = 1,
      .any_number = true};
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  usage.options.add_options()  //
      ("tolerance", po::value<std::vector<std::string>>()->value_name("[FIGURE=]SHARE")->composing(),
       "how far figures may be off, such as step.cycles=0.1% (* and ? as in a shell); may be repeated")  //
      ("junit", text("FILE"), "write the verdicts as JUnit XML")                                         //
      ("update", "write the new results over the baselines that changed, and show the changes")          //
      ("jobs,j", text("N"), "baselines at a time; as many as there are cores")                           //
      ("output,o", text("FILE"), "write there instead of standard output");
  return usage;
}

}  // namespace

int check_command(const Arguments& arguments) {
  Usage how = usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return ExitCode::done;
  check_outputs(parsed, {"output", "junit"});
  CheckOptions options{.tolerances = {},
                       .jobs = jobs_of(parsed),
                       .update = parsed.has("update"),
                       .version = std::string{kVersion}};
  for (const std::string& text : parsed.list("tolerance"))
    options.tolerances.push_back(parse_tolerance(text));
  const std::vector<std::filesystem::path> files(parsed.operands.begin(), parsed.operands.end());
  const std::vector<CheckResult> results = check_baselines(files, options);
  if (parsed.has("junit")) save(parsed.text("junit"), write_junit(results));
  deliver(parsed, write_text(results));
  const bool hold = std::all_of(results.begin(), results.end(),
                                [](const CheckResult& result) { return result.holds() || result.updated; });
  return hold ? ExitCode::done : ExitCode::check_failed;
}

}  // namespace wafersim::cli
