// `wafersim sweep`: every point of a study, and one table.
#include "wafersim/study/sweep.hpp"

#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/exit_code.hpp"
#include "wafersim/report/output.hpp"
#include "wafersim/study/row_writer.hpp"
#include "wafersim/study/slurm.hpp"

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/sweep_options.hpp"

namespace wafersim::cli {
namespace {

namespace fs = std::filesystem;

std::string first_lines(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string in_words(const Point& point) {
  std::string text;
  for (const Override& setting : point.settings)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", setting.key, setting.value);
  return text;
}

std::unique_ptr<RowWriter> writer_of(const Parsed& parsed, const SweepHeading& heading) {
  const std::string format = parsed.text("format");
  if (format == "jsonl") return jsonl_writer([](std::string_view text) { print(text); });
  if (format == "csv") return csv_writer(heading, [](std::string_view text) { print(text); });
  return text_writer(heading, [](std::string_view text) { print(text); });
}

// The chosen format on standard output, a plot after it, and how the first point failed if all did.
class Shown : public RowWriter {
 public:
  Shown(const Parsed& parsed, const SweepHeading& heading) : table_{writer_of(parsed, heading)} {
    if (parsed.has("plot")) {
      plot_ = plot_writer(heading, one_of(parsed, "plot", plot_figures()),
                          [](std::string_view text) { print(text); });
    }
  }
  void add(const SweepRow& row) override {
    any_ = any_ || row.figures.has_value();
    if (row.ordinal == 0) first_exit_code_ = row.exit_code;
    table_->add(row);
    if (plot_) plot_->add(row);
  }
  void finish() override {
    table_->finish();
    if (plot_) plot_->finish();
  }
  // Something came out: done. Nothing did: what the first point says.
  [[nodiscard]] int exit_code() const { return any_ ? static_cast<int>(ExitCode::done) : first_exit_code_; }

 private:
  std::unique_ptr<RowWriter> table_;
  std::unique_ptr<RowWriter> plot_;
  bool any_{false};
  int first_exit_code_{0};
};

// Rows that a second try may change are as good as no result for whoever looks at the exit code.
int show(const Parsed& parsed, const Study& study, const SweepResults& results) {
  const SweepHeading heading = heading_of(study, results);
  Shown shown{parsed, heading};
  if (parsed.has("output")) {
    write_results(results, heading, parsed.text("output"), shown);
  } else {
    results.for_each([&](const SweepRow& row) { shown.add(row); });
    shown.finish();
  }
  return results.lost() > 0 ? static_cast<int>(ExitCode::fault) : shown.exit_code();
}

int list(const Parsed& parsed, const Study& study, const Shard& shard) {
  const bool json = parsed.text("format") == "jsonl";
  PointStream points{study};
  while (const std::optional<Point> point = points.next()) {
    if (!shard.has(point->ordinal)) continue;
    print(json ? point_line(*point) : fmt::format("{:>6}  {}\n", point->ordinal, in_words(*point)));
  }
  return ExitCode::done;
}

std::string advice(const Parsed& parsed) {
  return parsed.has("output") ? "; go on with --resume" : "";
}

std::string lost_points(std::uint64_t lost, const Parsed& parsed) {
  return fmt::format("{} points were lost with their processes, as their rows say{}", lost, advice(parsed));
}

int merge(const Parsed& parsed, const Study& study) {
  const SweepResults results = collect(study, parsed.text("output"));
  if (const std::uint64_t missing = results.missing(); missing > 0) {
    say(fmt::format("{}: {} of {} points are not there yet: go on with --resume, or wait for their shards",
                    parsed.text("output"), missing, results.size()));
    return ExitCode::check_failed;
  }
  if (const std::uint64_t lost = results.lost(); lost > 0) say(lost_points(lost, parsed));
  return show(parsed, study, results);
}

int hand_to_slurm(const Parsed& parsed, const Study& study, const SweepChoices& choices) {
  const fs::path folder = fs::absolute(parsed.text("output")).lexically_normal();
  const SlurmJob job{.program = own_program(),
                     .study = fs::absolute(study.file).lexically_normal(),
                     .folder = folder,
                     .name = study.name,
                     .shards = choices.slurm_shards,
                     .jobs = choices.jobs,
                     .account = parsed.text("account"),
                     .partition = parsed.text("partition"),
                     .time = parsed.text("time"),
                     .large = parsed.has("yes")};
  const std::string script = slurm_script(job);
  std::error_code failure;
  fs::create_directories(folder, failure);
  const fs::path file = folder / "sweep.sbatch";
  save(file, script);
  if (parsed.has("dry-run")) {
    print(script);
    say(fmt::format("{} is written, not submitted", file.string()));
    return ExitCode::done;
  }
  print(fmt::format("{}\n", submit_to_slurm(file)));
  say(fmt::format("submitted {}; when it is done: wafersim sweep {} -o {} --merge", file.string(),
                  study.file.string(), parsed.text("output")));
  return ExitCode::done;
}

void tell(const SweepCounts& counts, const Parsed& parsed) {
  if (counts.stopped)
    say(fmt::format("stopped: {} of {} points are finished{}", counts.known + counts.ran, counts.points,
                    advice(parsed)));
  if (counts.lost > 0) say(lost_points(counts.lost, parsed));
}

SweepOptions options_of(const Parsed& parsed, const SweepChoices& choices,
                        std::optional<Progress>& progress) {
  SweepOptions options{.folder = parsed.text("output"),
                       .jobs = choices.jobs,
                       .shard = choices.shard,
                       .resume = parsed.has("resume"),
                       .on_progress = {},
                       .on_lost = {},
                       .stop = [] { return Interrupt::flag().load(); }};
  options.on_lost = [](const Point& point, const std::string& message) {
    say(fmt::format("{}: {}", in_words(point), first_lines(message)));
  };
  if (parsed.has("quiet")) return options;
  progress.emplace("sweep");
  options.on_progress = [&progress](std::uint64_t done, std::uint64_t all) {
    progress->show(static_cast<double>(done) / static_cast<double>(all),
                   fmt::format("{} of {} points, {:.1f} points/s", done, all,
                               progress->rate(static_cast<double>(done))));
  };
  return options;
}

int run(const Parsed& parsed, const Study& study, const SweepChoices& choices) {
  const Interrupt interrupt;
  std::optional<Progress> progress;
  const auto [counts, results] = run_sweep(study, options_of(parsed, choices, progress));
  progress.reset();
  tell(counts, parsed);
  if (counts.stopped) return Interrupt::kExitCode;
  if (choices.shard.of > 1 && parsed.has("output"))  // the merge shows all shards
    return counts.lost > 0 ? ExitCode::fault : ExitCode::done;
  return show(parsed, study, results);
}

}  // namespace

int sweep_command(const Arguments& arguments) {
  Usage how = sweep_usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return ExitCode::done;
  const SweepChoices choices = sweep_choices(parsed);
  const Study study = load_study(parsed.operands.front(), parsed.has("yes"));
  if (parsed.has("plot")) {  // before the first point runs
    (void)one_of(parsed, "plot", plot_figures());
    check_plot(study);
  }
  if (parsed.has("list")) return list(parsed, study, choices.shard);
  if (parsed.has("merge")) return merge(parsed, study);
  if (parsed.has("slurm")) return hand_to_slurm(parsed, study, choices);
  return run(parsed, study, choices);
}

}  // namespace wafersim::cli
