// `wafersim sweep`: every point of a study, and one table.
#include "wafersim/study/sweep.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/parse.hpp"

#include "cli/command.hpp"
#include "cli/progress.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

constexpr std::uint64_t kMostJobs = 4096;

Usage usage() {
  Usage usage{
      .synopsis = "wafersim sweep STUDY [-j N] [--format text|csv|jsonl] [-o FILE]",
      .explanation =
          "Runs every point of a study file as a process of its own and compares them. A study names a\n"
          "machine, a workload, the values to try (sweep) and what stays the same (hold). With "
          "cluster.nodes\n"
          "among the keys, efficiency is the throughput per node against the first point. A point that "
          "fails\n"
          "is a row with its error.\n\n"
          "examples:\n"
          "  wafersim sweep configs/study/gpt3-13b-weak.yaml\n"
          "  wafersim sweep configs/study/gpt3-13b-strong.yaml -j 2 --format csv -o strong.csv\n",
      .options = po::options_description{"options"},
      .operands = {"STUDY"},
      .required_operands = 1};
  usage.options.add_options()  //
      ("jobs,j", po::value<std::string>()->value_name("N"),
       "points at a time; as many as there are cores")  //
      ("format", po::value<std::string>()->value_name("NAME")->default_value("text"),
       "text, csv (one row per point) or jsonl (one line per point)")                                       //
      ("output,o", po::value<std::string>()->value_name("FILE"), "write there instead of standard output")  //
      ("quiet,q", "no progress");
  return usage;
}

std::size_t jobs_of(const Parsed& parsed) {
  if (!parsed.has("jobs")) return std::max(1U, std::thread::hardware_concurrency());
  const wafersim::Parsed<std::uint64_t> jobs = parse_count(parsed.text("jobs"));
  if (jobs.value && *jobs.value >= 1 && *jobs.value <= kMostJobs) return *jobs.value;
  throw InputError{
      {.at = {.file = "--jobs"},
       .key = {},
       .message = fmt::format("expected a number from 1 to {}, got '{}'", kMostJobs, parsed.text("jobs"))}};
}

std::string written(const std::string& format, const Sweep& sweep) {
  if (format == "jsonl") return write_jsonl(sweep);
  return format == "csv" ? write_csv(sweep) : write_text(sweep);
}

// Something came out: done. Nothing did: what the first point says.
int exit_code_of(const Sweep& sweep) {
  const bool any = std::any_of(sweep.rows.begin(), sweep.rows.end(),
                               [](const SweepRow& row) { return row.figures.has_value(); });
  return any || sweep.rows.empty() ? 0 : sweep.rows.front().exit_code;
}

}  // namespace

int sweep_command(const Arguments& arguments) {
  Usage how = usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return 0;
  const std::string format = one_of(parsed, "format", {"text", "csv", "jsonl"});
  SweepOptions options{.program = std::filesystem::read_symlink("/proc/self/exe").string(),
                       .jobs = jobs_of(parsed),
                       .on_progress = {}};
  check_outputs(parsed, {"output"});
  const Study study = load_study(parsed.operands.front());
  std::optional<Progress> progress;
  if (!parsed.has("quiet")) {
    progress.emplace("sweep");
    options.on_progress = [&progress](std::size_t done, std::size_t all) {
      progress->show(static_cast<double>(done) / static_cast<double>(all),
                     fmt::format("{} of {} points", done, all));
    };
  }
  const Sweep sweep = run_sweep(study, options);
  progress.reset();
  deliver(parsed, written(format, sweep));
  return exit_code_of(sweep);
}

}  // namespace wafersim::cli
