// Reads the machine and the workload with each value, as the points will.
#include "study/check_inputs.hpp"

#include <algorithm>

#include "wafersim/study/points.hpp"

#include "study/expression.hpp"
#include "study/point_inputs.hpp"

namespace wafersim::study_detail {
namespace {

// Points that are looked at before a value is said to work nowhere, the same when the study is refused
// already, and complaints before it is enough.
constexpr std::size_t kMostTries = 200;
constexpr std::size_t kFewTries = 20;
constexpr std::size_t kMostComplaints = 20;

std::vector<Problem> problems_of(const PointReader& reader, const std::vector<Override>& settings) {
  try {
    (void)reader.read(settings);
  } catch (const InputError& error) {
    return error.problems();
  }
  return {};
}

bool has(const std::vector<Override>& settings, const Override& wanted) {
  return std::any_of(settings.begin(), settings.end(), [&](const Override& setting) {
    return setting.key == wanted.key && setting.value == wanted.value;
  });
}

// Whether a point with this setting can be read after all, thanks to the values of other axes.
bool works_somewhere(const Study& study, const PointReader& reader, const Override& setting,
                     const Problems& so_far) {
  const std::size_t most = so_far.items().empty() ? kMostTries : kFewTries;
  std::size_t tries = 0;
  PointStream points{study};
  while (const std::optional<Point> point = points.next()) {
    if (!has(point->settings, setting)) continue;
    if (problems_of(reader, point->settings).empty()) return true;
    if (++tries == most) break;
  }
  // A value between the ends of a range may be drawn at no point at all: then nothing speaks for it.
  return false;
}

void check_axis(const Study& study, const PointReader& reader, const Axis& axis, Problems& problems) {
  for (const Axis::Value& value : axis.values) {
    if (problems.items().size() >= kMostComplaints) return;
    const Override setting{.key = axis.key, .value = value.text};
    const std::vector<Problem> found = problems_of(reader, {setting});
    if (found.empty() || works_somewhere(study, reader, setting, problems)) continue;
    // A key that nobody knows is said once, at the key; everything else at the value.
    const bool unknown = found.front().message.starts_with("unknown key");
    problems.add(unknown ? axis.at : value.at, axis.origin + "." + axis.key, found.front().message);
    if (unknown) return;
  }
}

void check_formula(const Study& study, const PointReader& reader, std::size_t at, Problems& problems) {
  const Formula& formula = study.derived[at];
  PointStream points{study};
  const std::optional<Point> first = points.next();
  const std::size_t before = first->settings.size() - study.derived.size();
  const Override& setting = first->settings[before + at];
  const std::vector<Problem> found = problems_of(reader, {setting});
  if (!found.empty() && !works_somewhere(study, reader, setting, problems))
    problems.add(formula.at, "derive." + formula.key, found.front().message);
}

}  // namespace

void check_base(const Study& study) {
  (void)PointReader{study}.read_base();
}

void check_values(const Study& study) {
  const PointReader reader{study};
  Problems problems;
  for (const Factor& factor : study.factors) {
    for (const Axis& axis : factor.axes) check_axis(study, reader, axis, problems);
  }
  for (std::size_t i = 0; i < study.derived.size(); ++i) check_formula(study, reader, i, problems);
  problems.throw_if_any();
}

}  // namespace wafersim::study_detail
