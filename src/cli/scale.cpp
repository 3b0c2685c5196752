// `wafersim scale`: weak and strong scaling, and where the limit changes.
#include "wafersim/cluster/scale.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/parse.hpp"
#include "wafersim/report/scale_report.hpp"

#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/progress.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

Usage usage() {
  Usage usage{
      .synopsis =
          "wafersim scale MACHINE WORKLOAD [--nodes LOW..HIGH] [--set KEY=VALUE]... [--format text|json]",
      .explanation =
          "Simulates the workload on 1, 2, 4, ... nodes: with the same tokens on each node (weak scaling) "
          "and\n"
          "with one batch that they share (strong scaling), and says what limits each point. Then finds the\n"
          "knee: the tokens that must be on a wafer at a time so that the wafers, and not the stream of\n"
          "weights, are the limit.\n\n"
          "examples:\n"
          "  wafersim scale configs/machine/cs2.yaml configs/workload/gpt3-175b.yaml\n"
          "  wafersim scale configs/machine/cs2.yaml configs/workload/gpt3-13b.yaml --nodes 1..16 \\\n"
          "      --tokens-per-node 32768 --global-batch 1536\n",
      .options = po::options_description{"options"},
      .operands = {"MACHINE", "WORKLOAD"},
      .required_operands = 2};
  usage.options.add_options()  //
      ("nodes", po::value<std::string>()->value_name("LOW..HIGH")->default_value("1..192"),
       "least and most nodes; doubled in between")  //
      ("tokens-per-node", po::value<std::string>()->value_name("N"),
       "weak scaling: tokens of a step on each node; as many as fit a wafer if left out")  //
      ("global-batch", po::value<std::string>()->value_name("N"),
       "strong scaling: sequences of a step; the fewest that all can share evenly if left out");
  add_request_options(usage, "text or json");
  return usage;
}

[[noreturn]] void refuse(const std::string& option, const std::string& expected, const std::string& found) {
  throw InputError{
      {.at = {.file = option}, .key = {}, .message = fmt::format("expected {}, got '{}'", expected, found)}};
}

std::optional<std::uint64_t> count_of(const Parsed& parsed, const std::string& name) {
  if (!parsed.has(name)) return std::nullopt;
  const wafersim::Parsed<std::uint64_t> count = parse_count(parsed.text(name));
  if (!count.value || *count.value == 0) refuse("--" + name, "a whole number above 0", parsed.text(name));
  return count.value;
}

// 1..192 is 1, 2, 4, ... 128, 192.
std::vector<std::uint64_t> nodes_of(const std::string& text, std::uint64_t most) {
  const std::size_t dots = text.find("..");
  const std::string expected =
      fmt::format("two whole numbers such as 1..{}, at most cluster.max_nodes ({})", most, most);
  if (dots == std::string::npos) refuse("--nodes", expected, text);
  const auto low = parse_count(text.substr(0, dots));
  const auto high = parse_count(text.substr(dots + 2));
  if (!low.value || !high.value || *low.value == 0 || *low.value > *high.value || *high.value > most)
    refuse("--nodes", expected, text);
  std::vector<std::uint64_t> nodes;
  for (std::uint64_t count = *low.value; count < *high.value; count *= 2) nodes.push_back(count);
  nodes.push_back(*high.value);
  return nodes;
}

ScaleReport simulate(const Inputs& inputs, const ScaleRequest& request, bool quiet) {
  if (quiet) return scale(inputs.machine, inputs.workload.workload, request);
  Progress progress{"simulating"};
  return scale(inputs.machine, inputs.workload.workload, request, [&](double done) { progress.show(done); });
}

}  // namespace

int scale_command(const Arguments& arguments) {
  Usage how = usage();
  const std::optional<Request> call = request_of(how, arguments, {"text", "json"}, {"output"});
  if (!call) return 0;
  const Parsed& parsed = call->parsed;
  if (!parsed.has("quiet")) say_notes(call->inputs.workload);
  const ScaleRequest request{.nodes = nodes_of(parsed.text("nodes"), call->inputs.machine.cluster.max_nodes),
                             .tokens_per_node = count_of(parsed, "tokens-per-node"),
                             .global_batch = count_of(parsed, "global-batch")};
  const ScaleReport report = simulate(call->inputs, request, parsed.has("quiet"));
  deliver(parsed, call->format == "json" ? write_json(report) : write_text(report));
  return 0;
}

}  // namespace wafersim::cli
