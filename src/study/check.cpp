// Reads the machine and the workload with each value, as the points will.
#include "study/check.hpp"

#include "wafersim/workload/load.hpp"

namespace wafersim::study_detail {
namespace {

constexpr std::string_view kWorkload = "workload.";

// Empty if the inputs of a point can be read.
std::vector<Problem> problems_of(const Study& study, const std::vector<Override>& settings) {
  std::vector<Override> machine;
  std::vector<Override> workload;
  for (const Override& setting : settings) {
    if (setting.key.starts_with(kWorkload)) {
      workload.push_back({.key = setting.key.substr(kWorkload.size()), .value = setting.value});
    } else {
      machine.push_back(setting);
    }
  }
  std::vector<Problem> problems;
  const auto collect = [&](const auto& load) {
    try {
      (void)load();
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  };
  collect([&] { return load_machine(study.machine, machine); });
  collect([&] { return load_workload(study.workload, workload); });
  return problems;
}

std::vector<Override> with(std::vector<Override> settings, const std::vector<Override>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

bool has(const std::vector<Override>& settings, const Override& wanted) {
  for (const Override& setting : settings) {
    if (setting.key == wanted.key && setting.value == wanted.value) return true;
  }
  return false;
}

// Whether a point with this setting can be read after all, thanks to the values of other axes.
bool works_somewhere(const Study& study, const Override& setting, const std::vector<Override>& held) {
  for (const std::vector<Override>& point : points_of(study)) {
    if (has(point, setting) && problems_of(study, with(point, held)).empty()) return true;
  }
  return false;
}

}  // namespace

void check_inputs(const Study& study) {
  const std::vector<Override> held = held_settings(study);
  std::vector<Problem> own = problems_of(study, {});
  if (!own.empty()) throw InputError{std::move(own)};
  Problems problems;
  for (const Axis& axis : study.axes) {
    for (const Axis::Value& value : axis.values) {
      const Override setting{.key = axis.key, .value = value.text};
      const std::vector<Problem> found = problems_of(study, with(held, {setting}));
      if (found.empty() || works_somewhere(study, setting, held)) continue;
      problems.add(value.at, "sweep." + axis.key, found.front().message);
    }
  }
  problems.throw_if_any();
}

}  // namespace wafersim::study_detail
