// Reads study files.
#include "wafersim/study/study.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/config/record.hpp"
#include "wafersim/study/points.hpp"
#include "wafersim/workload/load.hpp"

#include "study/check_inputs.hpp"
#include "study/expression.hpp"
#include "study/names.hpp"
#include "study/space_reader.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostHeld = 1'000'000'000'000;
constexpr std::uint64_t kMostEver = 1'000'000'000'000;

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
  std::string name;
  std::string machine;
  std::string workload;
  Hold hold;
};

template <class Visitor>
void visit_fields(Visitor& visit, StudyFile& file) {
  visit.field("name", file.name,
              {.help = "what results call the study; the name of its file", .presence = Presence::defaulted});
  visit.field("machine", file.machine, {.help = "a machine file, relative to this one"});
  visit.field("workload", file.workload, {.help = "a workload file, relative to this one"});
  visit.field("hold", file.hold,
              {.help = "what stays the same at every point", .presence = Presence::defaulted});
}

// The parts of the file that span the space, as far as it has them.
void read_space(RecordReader& reader, const Tree& file, Study& study, Problems& problems) {
  const auto add = [&](const char* name, const auto& read) {
    const Tree* part = reader.take(name, false);
    if (part == nullptr) return;
    for (Factor& factor : read(*part, problems)) study.factors.push_back(std::move(factor));
  };
  add("sweep", study_detail::read_grid);
  add("zip", study_detail::read_zip);
  add("list", study_detail::read_list);
  add("random", study_detail::read_random);
  if (const Tree* derive = reader.take("derive", false))
    study.derived = study_detail::read_derived(*derive, problems);
  if (const Tree* where = reader.take("where", false))
    study.conditions = study_detail::read_conditions(*where, problems);
  if (study.factors.empty() && problems.empty())
    problems.add(file.at, "sweep", "is required: a study needs points ('sweep', 'zip', 'list' or 'random')");
}

struct PlacedKey {
  std::string key;
  std::string path;
  SourceLocation at;
};

std::vector<PlacedKey> placed_keys(const Study& study) {
  std::vector<PlacedKey> keys;
  for (const Factor& factor : study.factors) {
    for (const Axis& axis : factor.axes) keys.push_back({axis.key, axis.origin + "." + axis.key, axis.at});
  }
  for (const Formula& formula : study.derived)
    keys.push_back({formula.key, "derive." + formula.key, formula.at});
  return keys;
}

// Whether setting one also sets the other.
bool overlap(const std::string& a, const std::string& b) {
  const std::string& shorter = a.size() < b.size() ? a : b;
  const std::string& longer = a.size() < b.size() ? b : a;
  return longer.starts_with(shorter) && (longer.size() == shorter.size() || longer[shorter.size()] == '.');
}

void refuse_double_keys(const Study& study, Problems& problems) {
  const std::vector<PlacedKey> keys = placed_keys(study);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!overlap(keys[i].key, keys[j].key)) continue;
      problems.add(keys[i].at, keys[i].path,
                   fmt::format("is set by '{}' at {} already", keys[j].path, to_string(keys[j].at)));
      break;
    }
  }
}

void check_hold(const Study& study, const Tree& file, Problems& problems) {
  const Tree* hold = file.find("hold");
  if (study.tokens_per_node && study.global_batch) {
    problems.add(hold->at, "hold",
                 "give either 'tokens_per_node' (weak) or 'global_batch' (strong), not both");
  }
  if (!study.tokens_per_node && !study.global_batch) return;
  for (const PlacedKey& key : placed_keys(study)) {
    if (key.key == "workload.tokens_per_node" || key.key == "workload.global_batch")
      problems.add(key.at, key.path, "contradicts 'hold', which fixes the batch");
  }
}

void check_names(const Study& study, Problems& problems) {
  const auto check = [&](const Formula& formula, std::size_t known) {
    for (const auto& name : formula.expression->names()) {
      SourceLocation at = formula.at;
      at.column += static_cast<std::uint32_t>(name.at);
      try {
        const std::string key = study_detail::key_of_name(study, name.text, at);
        for (std::size_t i = known; i < study.derived.size(); ++i) {
          if (study.derived[i].key == key)
            problems.add(at, name.text, "is itself derived, and not before this one");
        }
      } catch (const InputError& error) {
        problems.add(at, name.text, error.problems().front().message);
      }
    }
  };
  for (std::size_t i = 0; i < study.derived.size(); ++i) check(study.derived[i], i);
  for (const Formula& condition : study.conditions) check(condition, study.derived.size());
}

void check_size(const Study& study, const Tree& file, bool large) {
  const std::uint64_t size = size_of_space(study);
  const std::uint64_t most = large ? kMostEver : kMostPoints;
  if (size > most) {
    const auto largest = std::max_element(study.factors.begin(), study.factors.end(),
                                          [](const Factor& a, const Factor& b) { return a.count < b.count; });
    const Axis& axis = largest->axes.front();
    throw InputError{
        {.at = axis.at,
         .key = axis.origin + "." + axis.key,
         .message = fmt::format("the study has more than {} points: this key makes them {} times as many{}",
                                most, largest->count, large ? "" : " (add --yes if they are meant)")}};
  }
  PointStream points{study};
  if (!points.next())
    throw InputError{{.at = study.conditions.empty() ? file.at : study.conditions.front().at,
                      .key = "where",
                      .message = "no point meets the conditions: the study is empty"}};
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

void add_leaves(const Tree& tree, const std::string& path, std::vector<Override>& leaves) {
  if (tree.kind == Tree::Kind::scalar) leaves.push_back({.key = path, .value = tree.text});
  for (const Tree::Entry& entry : tree.entries)
    add_leaves(entry.value, path.empty() || path == "workload." ? path + entry.key : path + "." + entry.key,
               leaves);
}

std::vector<Override> defaults_of(const Study& study) {
  std::vector<Override> leaves;
  add_leaves(to_tree(load_machine(study.machine)), "", leaves);
  add_leaves(load_workload(study.workload).resolved, "workload.", leaves);
  return leaves;
}

}  // namespace

Study load_study(const fs::path& file, bool large) {
  const Tree tree = load_tree(file);
  Problems problems;
  RecordReader reader{tree, "", problems};
  problems.throw_if_any();
  StudyFile said{.name = file.stem().string(), .machine = {}, .workload = {}, .hold = {}};
  visit_fields(reader, said);
  Study study;
  study.name = said.name;
  study.file = file;
  study.tokens_per_node = said.hold.tokens_per_node;
  study.global_batch = said.hold.global_batch;
  study.machine = beside(tree, "machine", said.machine, problems);
  study.workload = beside(tree, "workload", said.workload, problems);
  read_space(reader, tree, study, problems);
  reader.finish();
  refuse_double_keys(study, problems);
  check_hold(study, tree, problems);
  problems.throw_if_any();
  study_detail::check_base(study);
  study.defaults = defaults_of(study);
  check_names(study, problems);
  problems.throw_if_any();
  check_size(study, tree, large);
  study_detail::check_values(study);
  return study;
}

}  // namespace wafersim
