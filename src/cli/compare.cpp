// `wafersim compare`: two results, or two folders of sweeps.
#include <filesystem>

#include "wafersim/base/error.hpp"
#include "wafersim/base/exit_code.hpp"
#include "wafersim/study/difference.hpp"

#include "cli/command.hpp"

namespace wafersim::cli {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

Usage usage() {
  Usage usage{.synopsis = "wafersim compare A B [--point POINT] [-o FILE]",
              .explanation =
                  "What changed from A to B, by how much, and where it came from. A and B are results of\n"
                  "`wafersim run --format json`, or folders of `wafersim sweep -o`. Layers and stations are "
                  "sorted by\n"
                  "their effect; cycles by layer and by part sum to the difference of the step.\n\n"
                  "examples:\n"
                  "  wafersim compare before.json after.json\n"
                  "  wafersim compare sweep-before sweep-after\n"
                  "  wafersim compare sweep-before sweep-after --point 'nodes=4 level=0.9'\n",
              .options = po::options_description{"options"},
              .operands = {"A", "B"},
              .required_operands = 2};
  usage.options.add_options()("point", po::value<std::string>()->value_name("POINT"),
                              "of two sweeps: the point to explain, as the table or its run key calls it; "
                              "otherwise that whose step changed most");
  usage.options.add_options()("output,o", po::value<std::string>()->value_name("FILE"),
                              "write there instead of standard output");
  return usage;
}

}  // namespace

int compare_command(const Arguments& arguments) {
  Usage how = usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return ExitCode::done;
  check_outputs(parsed, {"output"});
  const fs::path before = parsed.operands[0];
  const fs::path after = parsed.operands[1];
  if (fs::is_directory(before) != fs::is_directory(after)) {
    throw InputError{{.at = {.file = parsed.operands[1]},
                      .key = {},
                      .message = "a result and a folder cannot be compared: give two of a kind"}};
  }
  if (parsed.has("point") && !fs::is_directory(before)) {
    throw InputError{{.at = {.file = "--point"},
                      .key = {},
                      .message = "is for two folders of sweeps, not for two results"}};
  }
  deliver(parsed, fs::is_directory(before)
                      ? compare_sweeps(before, after, parsed.text("point"))
                      : write_text(difference_of(load_result(before), load_result(after))));
  return ExitCode::done;
}

}  // namespace wafersim::cli
