// Two rounds of runs: every parameter up and down, then more and more of those that matter.
#include "wafersim/study/sensitivity.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "wafersim/base/exit_code.hpp"
#include "wafersim/cluster/run.hpp"
#include "wafersim/config/machine.hpp"

#include "study/parameters.hpp"
#include "study/point_row.hpp"
#include "study/process_pool.hpp"

namespace wafersim {
namespace {

using study_detail::Parameter;

constexpr double kMatters = 1e-6;   // gains and losses below a millionth of the step are none
constexpr double kWorthIt = 0.005;  // elasticity from which on the limit is looked for
constexpr double kSaturated =
    0.01;  // share of the step that ten times more may still bring where it is enough
constexpr std::array kMore{2.0, 4.0, 8.0, 16.0, 32.0, 64.0};
constexpr double kFarMore = 640.0;

struct Trial {
  std::string value;  // of the parameter
  std::optional<PointFigures> figures;
  std::string error;
};

// The time that the same work takes: by token and node, because trials may differ in both.
double time_of(const PointFigures& figures) {
  return static_cast<double>(figures.nodes) / figures.tokens_per_second;
}

class Trials {
 public:
  Trials(const MachineSpec& machine, const Workload& workload, const SensitivityOptions& options)
      : machine_{to_tree(machine)}, workload_{workload}, options_{options} {}

  // Nothing happens yet. A parameter without such a value gives no trial.
  void plan(const Parameter& parameter, double factor) {
    const std::optional<std::string> value = study_detail::scaled(parameter, factor);
    if (value) planned_.emplace_back(parameter.key, Trial{.value = *value, .figures = {}, .error = {}});
  }

  void run() {
    std::size_t next = 0;
    std::size_t done = 0;
    study_detail::run_jobs(options_.jobs, {.next = [&]() -> std::optional<study_detail::Job> {
                                             if (next == planned_.size()) return {};
                                             const auto* const setting = &planned_[next];
                                             return study_detail::Job{.id = next++, .work = [this, setting] {
                                                                        return document(*setting);
                                                                      }};
                                           },
                                           .on_finished =
                                               [&](const study_detail::Finished& end) {
                                                 Trial& trial = planned_[end.id].second;
                                                 if (end.exit_code == ExitCode::done)
                                                   trial.figures = study_detail::figures_of(end.output);
                                                 trial.error = end.message;
                                                 if (options_.on_progress)
                                                   options_.on_progress(++done, planned_.size());
                                               },
                                           .stop = {}});
    for (auto& [key, trial] : planned_) finished_[{key, trial.value}] = std::move(trial);
    planned_.clear();
  }

  [[nodiscard]] const Trial* find(const Parameter& parameter, double factor) const {
    const std::optional<std::string> value = study_detail::scaled(parameter, factor);
    if (!value) return nullptr;
    const auto found = finished_.find({parameter.key, *value});
    return found == finished_.end() ? nullptr : &found->second;
  }

  // Whether a small change could be run at all.
  [[nodiscard]] bool any(const Parameter& parameter, double change) const {
    const auto ran = [&](const Trial* trial) { return trial != nullptr && trial->figures; };
    return ran(find(parameter, 1.0 + change)) || ran(find(parameter, 1.0 - change));
  }

 private:
  [[nodiscard]] std::string document(const std::pair<std::string, Trial>& setting) const {
    Tree machine = machine_;
    set_value(machine, setting.first, setting.second.value, setting.first);
    return study_detail::document_of(run_training_step(read_machine(machine), workload_).outcome);
  }

  Tree machine_;
  const Workload& workload_;
  const SensitivityOptions& options_;
  std::vector<std::pair<std::string, Trial>> planned_;
  std::map<std::pair<std::string, std::string>, Trial> finished_;
};

PointFigures run_as_it_is(const MachineSpec& machine, const Workload& workload, std::uint64_t& tokens) {
  PointFigures figures;
  std::string message;
  int code = ExitCode::done;
  bool started = false;
  study_detail::run_jobs(
      1, {.next = [&]() -> std::optional<study_detail::Job> {
            if (std::exchange(started, true)) return {};
            return study_detail::Job{.id = 0, .work = [&] {
                                       const Outcome outcome = run_training_step(machine, workload).outcome;
                                       return std::to_string(outcome.tokens_per_node) + "\n" +
                                              study_detail::document_of(outcome);
                                     }};
          },
          .on_finished =
              [&](const study_detail::Finished& end) {
                code = end.exit_code;
                message = end.message;
                if (code != ExitCode::done) return;
                tokens = std::stoull(end.output);
                figures = study_detail::figures_of(end.output.substr(end.output.find('\n') + 1));
              },
          .stop = {}});
  if (code == ExitCode::wrong_input) throw InputError{Problem{{}, {}, message}};
  if (code == ExitCode::does_not_fit) throw DoesNotFit{message};
  if (code != ExitCode::done) throw InternalFault{message};
  return figures;
}

// The share of the step that a trial saves; negative if it costs.
double saving(const Trial* trial, const PointFigures& base) {
  if (trial == nullptr || !trial->figures) return 0.0;
  const double share = 1.0 - time_of(*trial->figures) / time_of(base);
  return std::abs(share) < kMatters ? 0.0 : share;
}

ParameterEffect effect_of(const Parameter& parameter, const Trials& trials, const PointFigures& base,
                          double change) {
  const Trial* up = trials.find(parameter, 1.0 + change);
  const Trial* down = trials.find(parameter, 1.0 - change);
  const bool more_is_better = saving(up, base) - saving(down, base) >= 0.0;
  const Trial* better = more_is_better ? up : down;
  const Trial* worse = more_is_better ? down : up;
  ParameterEffect effect;
  effect.key = parameter.key;
  effect.value = parameter.value;
  effect.gain = std::max(saving(better, base), 0.0);
  effect.loss = std::max(-saving(worse, base), 0.0);
  const auto changed = [&](const Trial* trial) {
    return trial == nullptr ? 0.0 : study_detail::ratio_of(parameter, trial->value) - 1.0;
  };
  effect.relative_change = changed(better);
  if (effect.gain > 0.0) effect.better = better->value;
  const auto by = [](double share, double of) { return of == 0.0 ? 0.0 : share / std::abs(of); };
  effect.elasticity = std::max(by(effect.gain, changed(better)), by(effect.loss, changed(worse)));
  for (const Trial* trial : {up, down}) {
    if (trial != nullptr && !trial->figures)
      effect.note = trial->value + ": " + trial->error.substr(0, trial->error.find('\n'));
  }
  return effect;
}

double far_factor(bool more_is_better, double factor) {
  return more_is_better ? factor : 1.0 / factor;
}

void plan_limits(const Parameter& parameter, const ParameterEffect& effect, Trials& trials) {
  for (const double factor : kMore) trials.plan(parameter, far_factor(effect.relative_change > 0.0, factor));
  trials.plan(parameter, far_factor(effect.relative_change > 0.0, kFarMore));
}

// The first value after which much more of the same brings next to nothing.
void find_limit(const Parameter& parameter, const Trials& trials, const PointFigures& base,
                ParameterEffect& effect) {
  const bool more = effect.relative_change > 0.0;
  double most = saving(trials.find(parameter, far_factor(more, kFarMore)), base);
  for (const double factor : kMore)
    most = std::max(most, saving(trials.find(parameter, far_factor(more, factor)), base));
  for (const double factor : kMore) {
    const Trial* trial = trials.find(parameter, far_factor(more, factor));
    if (trial == nullptr || !trial->figures || most - saving(trial, base) >= kSaturated) continue;
    effect.enough = trial->value;
    const std::string& sentence = trial->figures->bottleneck;
    effect.limit_there = sentence.substr(0, sentence.find_first_of(":,;"));
    return;
  }
}

}  // namespace

Sensitivity find_sensitivity(const MachineSpec& machine, const LoadedWorkload& workload,
                             const SensitivityOptions& options) {
  std::uint64_t tokens = 0;
  const PointFigures base = run_as_it_is(machine, workload.workload, tokens);
  // The same work for every trial, also where a larger wafer could take more.
  Workload pinned = workload.workload;
  pinned.plan.global_batch.reset();
  pinned.plan.tokens_per_node = tokens;
  Trials trials{machine, pinned, options};
  const std::vector<Parameter> parameters = study_detail::parameters_of(machine);
  for (const Parameter& parameter : parameters) {
    trials.plan(parameter, 1.0 + options.change);
    trials.plan(parameter, 1.0 - options.change);
  }
  trials.run();
  std::vector<ParameterEffect> effects;
  for (const Parameter& parameter : parameters) {
    effects.push_back(effect_of(parameter, trials, base, options.change));
    if (effects.back().gain > 0.0 && effects.back().elasticity >= kWorthIt)
      plan_limits(parameter, effects.back(), trials);
  }
  trials.run();
  Sensitivity found{.machine = machine.name,
                    .workload = workload.workload.graph.name,
                    .cycles = base.step.count(),
                    .bottleneck = base.bottleneck,
                    .effects = {},
                    .without_effect = {},
                    .untried = {}};
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    find_limit(parameters[i], trials, base, effects[i]);
    if (effects[i].elasticity > 0.0) {
      found.effects.push_back(std::move(effects[i]));
    } else if (trials.any(parameters[i], options.change)) {
      found.without_effect.push_back(effects[i].key);
    } else {
      found.untried.push_back(fmt::format("{} ({})", effects[i].key, effects[i].note));
    }
  }
  std::stable_sort(
      found.effects.begin(), found.effects.end(),
      [](const ParameterEffect& a, const ParameterEffect& b) { return a.elasticity > b.elasticity; });
  return found;
}

}  // namespace wafersim
