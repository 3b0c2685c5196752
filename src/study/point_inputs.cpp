// Reads both files and collects the problems of both.
#include "study/point_inputs.hpp"

#include "wafersim/study/points.hpp"

namespace wafersim::study_detail {
namespace {
constexpr std::string_view kWorkload = "workload.";
}

PointReader::PointReader(const Study& study)
    : machine_{load_tree(study.machine)}, workload_{study.workload}, held_{held_settings(study)} {
}

PointInputs PointReader::read(const std::vector<Override>& settings) const {
  std::vector<Override> all = held_;
  all.insert(all.end(), settings.begin(), settings.end());
  return with(all);
}

PointInputs PointReader::read_base() const {
  return with({});
}

PointInputs PointReader::with(const std::vector<Override>& settings) const {
  Tree machine = machine_;
  std::vector<Override> of_workload;
  std::vector<Problem> problems;
  PointInputs inputs;
  const auto collect = [&](const auto& act) {
    try {
      act();
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  };
  for (const Override& setting : settings) {
    if (setting.key.starts_with(kWorkload)) {
      of_workload.push_back({.key = setting.key.substr(kWorkload.size()), .value = setting.value});
    } else {
      collect([&] { set_value(machine, setting.key, setting.value, "--set"); });
    }
  }
  collect([&] { inputs.machine = read_machine(machine); });
  collect([&] { inputs.workload = load_workload(workload_, of_workload); });
  if (!problems.empty()) throw InputError{std::move(problems)};
  return inputs;
}

}  // namespace wafersim::study_detail
