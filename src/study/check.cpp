// A baseline is a result file: its inputs are run again and its figures compared.
#include "wafersim/study/check.hpp"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "wafersim/base/exit_code.hpp"
#include "wafersim/cluster/run.hpp"
#include "wafersim/report/output.hpp"
#include "wafersim/report/run_report.hpp"
#include "wafersim/workload/load.hpp"

#include "study/flatten.hpp"
#include "study/process_pool.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;

struct Baseline {
  fs::path file;
  Tree result;
  MachineSpec machine;
  LoadedWorkload workload;
  std::vector<Tolerance> tolerances;
};

std::vector<Tolerance> tolerances_of(const Tree& result, const std::vector<Tolerance>& more) {
  std::vector<Tolerance> all;
  if (const Tree* said = result.find("tolerance")) {
    for (const Tree::Entry& entry : said->entries) {
      const auto share = parse_fraction(entry.value.text);
      if (!share.value)
        throw InputError{{.at = entry.value.at, .key = "tolerance", .message = share.problem}};
      all.push_back({.pattern = entry.key, .share = *share.value});
    }
  }
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Baseline load_baseline(const fs::path& file, const CheckOptions& options) {
  Baseline baseline{
      .file = file, .result = load_result(file), .machine = {}, .workload = {}, .tolerances = {}};
  const Tree* inputs = baseline.result.find("inputs");
  baseline.machine = read_machine(*inputs->find("machine"));
  baseline.workload = read_workload(*inputs->find("workload"), file.stem().string());
  baseline.tolerances = tolerances_of(baseline.result, options.tolerances);
  return baseline;
}

std::vector<Baseline> load_all(const std::vector<fs::path>& files, const CheckOptions& options) {
  std::vector<Baseline> baselines;
  std::vector<Problem> problems;
  for (const fs::path& file : files) {
    try {
      baselines.push_back(load_baseline(file, options));
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  if (!problems.empty()) throw InputError{std::move(problems)};
  return baselines;
}

std::string run_again(const Baseline& baseline, const std::string& version) {
  return write_json({.version = version,
                     .machine = to_tree(baseline.machine),
                     .workload = baseline.workload.resolved,
                     .seed = baseline.workload.workload.plan.sparsity.seed,
                     .outcome = run_training_step(baseline.machine, baseline.workload.workload).outcome});
}

bool tolerated(const ValueChange& change, const std::vector<Tolerance>& tolerances) {
  const Tolerance* holds = nullptr;
  for (const Tolerance& tolerance : tolerances) {
    if (matches_pattern(change.name, tolerance.pattern)) holds = &tolerance;
  }
  if (holds == nullptr || change.before.empty() || change.after.empty()) return false;
  char* end_before = nullptr;
  char* end_after = nullptr;
  const double before = std::strtod(change.before.c_str(), &end_before);
  const double after = std::strtod(change.after.c_str(), &end_after);
  // Sentences change with the numbers in them.
  if (*end_before != '\0' || *end_after != '\0') return true;
  const double share = static_cast<double>(holds->share.billionths) / static_cast<double>(Fraction::kOne);
  return std::abs(after - before) <= share * std::abs(before);
}

// The new result, with what the baseline said beside it.
std::string updated_text(const Baseline& baseline, const std::string& now) {
  const Tree* tolerance = baseline.result.find("tolerance");
  if (tolerance == nullptr) return now;
  const std::size_t end = now.find_last_of('}');
  return now.substr(0, end - 1) + ",\n  \"tolerance\": " + to_json(*tolerance) + "\n}\n";
}

void compare(const Baseline& baseline, const std::string& now, const CheckOptions& options,
             CheckResult& result) {
  result.difference = difference_of(baseline.result, parse_tree(now, baseline.file.string() + " (now)"));
  for (const ValueChange& change : result.difference.figures) {
    if (!tolerated(change, baseline.tolerances)) result.violations.push_back(change);
  }
  using Verdict = CheckResult::Verdict;
  result.verdict = !result.violations.empty()          ? Verdict::changed
                   : result.difference.figures.empty() ? Verdict::same
                                                       : Verdict::tolerated;
  if (!options.update || result.verdict != Verdict::changed) return;
  save(baseline.file, updated_text(baseline, now));
  result.updated = true;
}

}  // namespace

Tolerance parse_tolerance(const std::string& text) {
  const std::size_t equals = text.find('=');
  const bool all = equals == std::string::npos;
  const Parsed<Fraction> share = parse_fraction(all ? text : text.substr(equals + 1));
  if (!share.value) throw InputError{{.at = {.file = "--tolerance"}, .key = {}, .message = share.problem}};
  return {.pattern = all ? "*" : text.substr(0, equals), .share = *share.value};
}

std::vector<CheckResult> check_baselines(const std::vector<fs::path>& files, const CheckOptions& options) {
  const std::vector<Baseline> baselines = load_all(files, options);
  std::vector<CheckResult> results(baselines.size());
  for (std::size_t i = 0; i < baselines.size(); ++i) results[i].file = baselines[i].file;
  std::size_t next = 0;
  study_detail::run_jobs(options.jobs,
                         {.next = [&]() -> std::optional<study_detail::Job> {
                            if (next == baselines.size()) return {};
                            const Baseline& baseline = baselines[next];
                            return study_detail::Job{
                                .id = next++, .work = [&] { return run_again(baseline, options.version); }};
                          },
                          .on_finished =
                              [&](const study_detail::Finished& end) {
                                CheckResult& result = results[end.id];
                                if (end.exit_code == ExitCode::done)
                                  return compare(baselines[end.id], end.output, options, result);
                                result.verdict = CheckResult::Verdict::failed;
                                result.error = end.message;
                              },
                          .stop = {}});
  return results;
}

}  // namespace wafersim
