// Says what a sweep can do, and refuses what makes no sense together.
#include "cli/sweep_options.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/parse.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

constexpr std::uint64_t kMostJobs = 4096;
constexpr std::uint64_t kMostShards = 1'000'000;
constexpr std::uint64_t kUsualShards = 8;

std::uint64_t number_of(const Parsed& parsed, const char* name, std::uint64_t most) {
  const wafersim::Parsed<std::uint64_t> number = parse_count(parsed.text(name));
  if (number.value && *number.value >= 1 && *number.value <= most) return *number.value;
  refuse(fmt::format("--{}", name),
         fmt::format("expected a number from 1 to {}, got '{}'", most, parsed.text(name)));
}

Shard shard_of(const Parsed& parsed) {
  if (!parsed.has("shard")) return {};
  const std::string text = parsed.text("shard");
  const std::size_t slash = text.find('/');
  const auto number = parse_count(text.substr(0, slash));
  const auto of = parse_count(slash == std::string::npos ? "" : text.substr(slash + 1));
  if (!number.value || !of.value || *of.value == 0 || *of.value > kMostShards)
    refuse("--shard", fmt::format("expected I/N such as 2/7, got '{}'", text));
  if (*number.value < 1 || *number.value > *of.value)
    refuse("--shard", fmt::format("there are shards 1/{0} to {0}/{0}, not {1}", *of.value, text));
  return {.number = *number.value, .of = *of.value};
}

void refuse_together(const Parsed& parsed, const std::vector<const char*>& names) {
  const char* first = nullptr;
  for (const char* const name : names) {
    if (!parsed.has(name)) continue;
    if (first != nullptr) refuse(fmt::format("--{}", name), fmt::format("does not go with --{}", first));
    first = name;
  }
}

void require_folder(const Parsed& parsed, const std::vector<const char*>& names) {
  for (const char* const name : names) {
    if (parsed.has(name) && !parsed.has("output"))
      refuse(fmt::format("--{}", name), "needs the folder of the sweep: -o DIR");
  }
}

void require_slurm(const Parsed& parsed) {
  for (const char* const name : {"dry-run", "shards", "account", "partition", "time"}) {
    if (parsed.has(name) && !parsed.has("slurm")) refuse(fmt::format("--{}", name), "only goes with --slurm");
  }
}

}  // namespace

Usage sweep_usage() {
  Usage usage{
      .synopsis = "wafersim sweep STUDY [-j N] [-o DIR] [--resume] [--shard I/N] [OPTION]...",
      .explanation =
          "Runs every point of a study file as a process of its own and compares them. A study names a\n"
          "machine, a workload, the points (sweep, zip, list, random) and what stays the same (hold). With\n"
          "cluster.nodes among the keys, efficiency is the throughput per node against the first point. A\n"
          "point that fails is a row with its error. With -o, finished points go into a journal, which\n"
          "--resume continues, and the results into results.jsonl, .csv and .sqlite.\n\n"
          "examples:\n"
          "  wafersim sweep configs/study/gpt3-13b-weak.yaml\n"
          "  wafersim sweep configs/study/gpt3-13b-strong.yaml -j 2 -o strong --plot efficiency\n"
          "  wafersim sweep study.yaml -o out --shard 1/7     # and 2/7 ... 7/7, on other computers\n"
          "  wafersim sweep study.yaml -o out --merge\n"
          "  wafersim sweep study.yaml -o out --slurm --shards 16 -j 4 --partition sim --time 1:00:00\n",
      .options = po::options_description{"options"},
      .operands = {"STUDY"},
      .required_operands = 1};
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  usage.options.add_options()                                                                //
      ("jobs,j", text("N"), "points at a time; as many as there are cores")                  //
      ("output,o", text("DIR"), "keep the journal and the results in this folder")           //
      ("resume", "go on with the journal of the folder: what is finished is not run again")  //
      ("shard", text("I/N"), "only every N-th point, from the I-th on")                      //
      ("merge", "run nothing: collect the journals of all shards in the folder")             //
      ("list", "run nothing: show the points")                                               //
      ("yes", "more than a million points are meant")                                        //
      ("format", text("NAME")->default_value("text"),
       "on standard output: text, csv (one row per point) or jsonl (one line per point)")  //
      ("plot", text("FIGURE")->implicit_value("cycles"),
       "draw one or two keys: cycles, tokens_per_second, samples_per_second, utilization or efficiency")  //
      ("slurm", "write DIR/sweep.sbatch, an array of shards, and submit it")                              //
      ("dry-run", "with --slurm: do not submit")                                                          //
      ("shards", text("N"), "with --slurm: tasks of the array, 8 without it")                             //
      ("account", text("NAME"), "with --slurm: the account to charge")                                    //
      ("partition", text("NAME"), "with --slurm: where to run")                                           //
      ("time", text("TIME"), "with --slurm: limit of each task, such as 1:00:00")                         //
      ("quiet,q", "no progress");
  return usage;
}

SweepChoices sweep_choices(const Parsed& parsed) {
  (void)one_of(parsed, "format", {"text", "csv", "jsonl"});
  refuse_together(parsed, {"list", "merge", "slurm", "shard"});
  refuse_together(parsed, {"list", "merge", "resume"});
  require_folder(parsed, {"resume", "merge", "slurm"});
  require_slurm(parsed);
  return {.jobs = jobs_of(parsed),
          .shard = shard_of(parsed),
          .slurm_shards = parsed.has("shards") ? number_of(parsed, "shards", kMostShards) : kUsualShards};
}

std::size_t jobs_of(const Parsed& parsed) {
  if (!parsed.has("jobs")) return std::max(1U, std::thread::hardware_concurrency());
  return number_of(parsed, "jobs", kMostJobs);
}

std::filesystem::path own_program() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

}  // namespace wafersim::cli
