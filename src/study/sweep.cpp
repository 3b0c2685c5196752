// Turns points into command lines, and their results into rows.
#include "wafersim/study/sweep.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wafersim/report/format.hpp"

#include "study/process_pool.hpp"

namespace wafersim {
namespace {

using nlohmann::json;

PointFigures figures_of(const std::string& result) {
  const json document = json::parse(result);
  const json& step = document.at("step");
  PointFigures figures{.nodes = document.at("plan").at("nodes"),
                       .step = Cycles{step.at("cycles").get<std::uint64_t>()},
                       .time = Picoseconds{step.at("time_ps").get<std::uint64_t>()},
                       .samples_per_second = step.at("samples_per_second"),
                       .tokens_per_second = step.at("tokens_per_second"),
                       .utilization = step.at("utilization"),
                       .parts = {},
                       .bottleneck = step.at("bottleneck")};
  for (const json& row : document.at("attribution")) {
    for (const Part part : kAllParts) {
      if (row.at("part") == to_string(part))
        figures.parts[index_of(part)] = Cycles{row.at("cycles").get<std::uint64_t>()};
    }
  }
  return figures;
}

study_detail::Command command_of(const Study& study, const SweepOptions& options,
                                 const std::vector<Override>& settings) {
  study_detail::Command command{
      options.program, "run", study.machine.string(), study.workload.string(), "--format", "json", "--quiet"};
  const auto add = [&](const Override& setting) {
    command.emplace_back("--set");
    command.push_back(setting.key + "=" + setting.value);
  };
  for (const Override& setting : held_settings(study)) add(setting);
  for (const Override& setting : settings) add(setting);
  return command;
}

std::string in_words(const Study& study) {
  if (study.tokens_per_node)
    return fmt::format("{} tokens per node and step", grouped(*study.tokens_per_node));
  if (study.global_batch) return fmt::format("{} sequences per step", grouped(*study.global_batch));
  return {};
}

void finish(SweepRow& row, const study_detail::Finished& finished) {
  row.exit_code = finished.exit_code;
  row.error = finished.errors.substr(0, finished.errors.find_last_not_of('\n') + 1);
  if (finished.exit_code != 0) {
    if (row.error.empty()) row.error = fmt::format("the process ended with code {}", finished.exit_code);
    return;
  }
  try {
    row.figures = figures_of(finished.output);
    row.error.clear();
  } catch (const json::exception& error) {
    row.exit_code = 4;
    row.error = fmt::format("the result cannot be read: {}", error.what());
  }
}

}  // namespace

Sweep run_sweep(const Study& study, const SweepOptions& options) {
  Sweep sweep{.study = study.name, .held = in_words(study), .keys = {}, .per_node = false, .rows = {}};
  for (const Axis& axis : study.axes) {
    sweep.keys.push_back(axis.key);
    sweep.per_node = sweep.per_node || axis.key == "cluster.nodes";
  }
  std::vector<study_detail::Command> commands;
  for (std::vector<Override>& settings : points_of(study)) {
    commands.push_back(command_of(study, options, settings));
    sweep.rows.push_back({.settings = std::move(settings),
                          .figures = {},
                          .exit_code = {},
                          .error = {},
                          .efficiency = {},
                          .reason = {}});
  }
  std::size_t done = 0;
  study_detail::run_all(commands, options.jobs, [&](const study_detail::Finished& finished) {
    finish(sweep.rows[finished.index], finished);
    if (options.on_progress) options.on_progress(++done, commands.size());
  });
  compare_rows(sweep);
  return sweep;
}

}  // namespace wafersim
