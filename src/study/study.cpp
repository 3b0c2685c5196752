// Reads study files.
#include "wafersim/study/study.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/wide.hpp"
#include "wafersim/config/record.hpp"

#include "study/check.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPoints = 1'000'000;
constexpr std::uint64_t kMostHeld = 1'000'000'000'000;

struct Hold {
  std::optional<std::uint64_t> tokens_per_node;
  std::optional<std::uint64_t> global_batch;
};

template <class Visitor>
void visit_fields(Visitor& visit, Hold& hold) {
  visit.field("tokens_per_node", hold.tokens_per_node,
              {.help = "weak scaling: tokens per step on each node", .low = 1, .high = kMostHeld});
  visit.field("global_batch", hold.global_batch,
              {.help = "strong scaling: sequences per step over all nodes", .low = 1, .high = kMostHeld});
}

struct StudyFile {
  std::string machine;
  std::string workload;
  Hold hold;
};

template <class Visitor>
void visit_fields(Visitor& visit, StudyFile& file) {
  visit.field("machine", file.machine, {.help = "a machine file, relative to this one"});
  visit.field("workload", file.workload, {.help = "a workload file, relative to this one"});
  visit.field("hold", file.hold,
              {.help = "what stays the same at every point", .presence = Presence::defaulted});
}

Axis read_axis(const Tree::Entry& entry, Problems& problems) {
  const std::string path = "sweep." + entry.key;
  Axis axis{.key = entry.key, .at = entry.key_at, .values = {}};
  if (entry.value.kind != Tree::Kind::list || entry.value.items.empty()) {
    problems.add(entry.value.at, path, "expected a list of values such as [1, 2, 4]");
    return axis;
  }
  for (const Tree& item : entry.value.items) {
    const bool plain = item.kind == Tree::Kind::scalar && !item.quoted;
    axis.values.push_back({.text = plain ? item.text : to_json(item), .at = item.at});
    const bool again = std::count_if(axis.values.begin(), axis.values.end(), [&](const Axis::Value& other) {
                         return other.text == axis.values.back().text;
                       }) > 1;
    if (again)
      problems.add(item.at, path, fmt::format("the value {} is there twice", axis.values.back().text));
  }
  return axis;
}

std::vector<Axis> read_axes(const Tree& sweep, Problems& problems) {
  std::vector<Axis> axes;
  if (sweep.kind != Tree::Kind::map || sweep.entries.empty()) {
    problems.add(sweep.at, "sweep", "expected keys with lists of values, such as 'cluster.nodes: [1, 2, 4]'");
    return axes;
  }
  Wide points = 1;
  for (const Tree::Entry& entry : sweep.entries) {
    axes.push_back(read_axis(entry, problems));
    points = std::min<Wide>(points * std::max<std::size_t>(axes.back().values.size(), 1), kMostPoints + 1);
  }
  if (points > kMostPoints)
    problems.add(sweep.at, "sweep", fmt::format("the grid has more than {} points", kMostPoints));
  return axes;
}

void check_hold(const Study& study, const Tree& file, Problems& problems) {
  const Tree* hold = file.find("hold");
  if (study.tokens_per_node && study.global_batch) {
    problems.add(hold->at, "hold",
                 "give either 'tokens_per_node' (weak) or 'global_batch' (strong), not both");
  }
  if (!study.tokens_per_node && !study.global_batch) return;
  for (const Axis& axis : study.axes) {
    if (axis.key == "workload.tokens_per_node" || axis.key == "workload.global_batch")
      problems.add(axis.at, "sweep." + axis.key, "contradicts 'hold', which fixes the batch");
  }
}

// Relative to the file that says so, which may be a base of the study.
fs::path beside(const Tree& file, std::string_view key, const std::string& name, Problems& problems) {
  const Tree* said = file.find(key);
  if (said == nullptr || said->kind != Tree::Kind::scalar) return {};
  fs::path path = (fs::path{said->at.file}.parent_path() / name).lexically_normal();
  std::error_code failure;
  if (!fs::exists(path, failure))
    problems.add(said->at, std::string{key}, fmt::format("'{}' no such file", path.string()));
  return path;
}

}  // namespace

Study load_study(const fs::path& file) {
  const Tree tree = load_tree(file);
  Problems problems;
  RecordReader reader{tree, "", problems};
  StudyFile said;
  visit_fields(reader, said);
  const Tree* sweep = reader.take("sweep", true);
  reader.finish();
  Study study{.name = file.filename().string(),
              .machine = beside(tree, "machine", said.machine, problems),
              .workload = beside(tree, "workload", said.workload, problems),
              .axes = {},
              .tokens_per_node = said.hold.tokens_per_node,
              .global_batch = said.hold.global_batch};
  if (sweep != nullptr) study.axes = read_axes(*sweep, problems);
  check_hold(study, tree, problems);
  problems.throw_if_any();
  study_detail::check_inputs(study);
  return study;
}

std::vector<std::vector<Override>> points_of(const Study& study) {
  std::vector<std::vector<Override>> points{{}};
  for (const Axis& axis : study.axes) {
    std::vector<std::vector<Override>> longer;
    for (const std::vector<Override>& point : points) {
      for (const Axis::Value& value : axis.values) {
        longer.push_back(point);
        longer.back().push_back({.key = axis.key, .value = value.text});
      }
    }
    points = std::move(longer);
  }
  return points;
}

std::vector<Override> held_settings(const Study& study) {
  if (study.tokens_per_node) {
    return {{.key = "workload.global_batch", .value = "null"},
            {.key = "workload.tokens_per_node", .value = std::to_string(*study.tokens_per_node)}};
  }
  if (study.global_batch) {
    return {{.key = "workload.tokens_per_node", .value = "null"},
            {.key = "workload.global_batch", .value = std::to_string(*study.global_batch)}};
  }
  return {};
}

}  // namespace wafersim
