// From a file to a checked workload: find the model, build its graph, read and check the plan.
#include "wafersim/workload/load.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "wafersim/config/record.hpp"

#include "workload/graph_file.hpp"
#include "workload/hugging_face.hpp"
#include "workload/plan_check.hpp"
#include "workload/quote.hpp"
#include "workload/workload_file.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;
using workload_detail::WorkloadRecord;

Tree* find(Tree& map, std::string_view key) {
  for (Tree::Entry& entry : map.entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

// A file that cannot be opened is an error of the line that names it; others know their own place.
Tree load_model(const fs::path& file, const SourceLocation& mention) {
  try {
    return load_tree(file);
  } catch (const InputError& error) {
    std::vector<Problem> problems = error.problems();
    for (Problem& problem : problems) {
      if (problem.at.line != 0 || problem.at.file != file.string()) continue;
      problem = {.at = mention,
                 .key = "model",
                 .message = fmt::format("{} {}", workload_detail::in_quotes(file.string()), problem.message)};
    }
    throw InputError{std::move(problems)};
  }
}

// Replaces the name of a model's file by what the file says. `folder` is what the name is relative to.
void inline_model(Tree& file, const fs::path& folder) {
  Tree* model = find(file, "model");
  if (model == nullptr || model->kind != Tree::Kind::scalar) return;
  *model = load_model((folder / model->text).lexically_normal(), model->at);
}

void inline_model_beside(Tree& file) {
  const Tree* model = file.find("model");
  if (model != nullptr) inline_model(file, fs::path{model->at.file}.parent_path());
}

// A bare config.json becomes the model of a workload with nothing else in it.
Tree wrap(Tree file) {
  if (file.find("model_type") == nullptr || file.find("model") != nullptr || file.find("graph") != nullptr) {
    return file;
  }
  Tree outer;
  outer.kind = Tree::Kind::map;
  outer.at = file.at;
  Tree::Entry& model = outer.entries.emplace_back();
  model.key = "model";
  model.key_at = file.at;
  model.value = std::move(file);
  return outer;
}

// The graph, the model's keys as they were understood, and how long its sequences may be.
workload_detail::ImportedModel import(const Tree& file, const Tree* model, const Tree* graph,
                                      const std::string& name) {
  if (model != nullptr && graph != nullptr) {
    throw InputError{
        {.at = graph->at, .key = "graph", .message = "give either 'model' or 'graph', not both"}};
  }
  if (model != nullptr) return workload_detail::import_hugging_face(*model, name);
  if (graph != nullptr) return {.graph = workload_detail::read_graph(*graph, name), .resolved = *graph};
  throw InputError{{.at = file.at,
                    .key = {},
                    .message = "a workload needs a 'model' (a Hugging Face config.json) or a 'graph'"}};
}

void settle_sequence(TrainingPlan& plan, const workload_detail::ImportedModel& model, const Tree& file,
                     Problems& problems) {
  const Tree* said = file.find("sequence_length");
  if (said == nullptr) plan.sequence_length = model.max_positions.value_or(0);
  if (plan.sequence_length == 0) {
    problems.add(file.at, "sequence_length",
                 "is required: the model does not say how long its sequences are");
  } else if (said != nullptr && model.learned_positions && plan.sequence_length > *model.max_positions) {
    problems.add(said->at, "sequence_length",
                 fmt::format("must be at most the {} positions that the model learns, got {}",
                             *model.max_positions, plan.sequence_length));
  }
}

Tree resolve(const WorkloadRecord& record, const char* key, Tree model) {
  Tree resolved = write_record(record);
  Tree::Entry entry;
  entry.key = key;
  entry.key_at = model.at;
  entry.value = std::move(model);
  resolved.entries.insert(resolved.entries.begin() + 1, std::move(entry));  // after the name
  return resolved;
}

LoadedWorkload read(const Tree& file, const std::string& name) {
  Problems problems;
  RecordReader reader{file, "", problems};
  problems.throw_if_any();  // not a map
  WorkloadRecord record{.name = name, .plan = {}};
  visit_fields(reader, record);
  const Tree* model_tree = reader.take("model", false);
  const Tree* graph_tree = reader.take("graph", false);
  reader.finish();
  if (workload_detail::has_control_character(record.name)) {
    problems.add(file.find("name")->at, "name", "must be text on one line");
  }
  workload_detail::ImportedModel model;
  try {
    model = import(file, model_tree, graph_tree, record.name);
  } catch (const InputError& error) {
    for (const Problem& problem : error.problems()) problems.add(problem.at, problem.key, problem.message);
  }
  problems.throw_if_any();
  settle_sequence(record.plan, model, file, problems);
  problems.throw_if_any();
  LoadedWorkload loaded{.workload = {.graph = std::move(model.graph), .plan = record.plan}, .resolved = {}};
  workload_detail::check_plan(loaded.workload, file, problems);
  problems.throw_if_any();
  loaded.resolved = resolve(record, model_tree != nullptr ? "model" : "graph", std::move(model.resolved));
  return loaded;
}

// "gpt2" for gpt2.yaml, and for gpt2/config.json, as Hugging Face calls every file the same.
std::string name_of(const fs::path& file) {
  const std::string stem = file.stem().string();
  const std::string folder = file.parent_path().filename().string();
  return stem == "config" && !folder.empty() && folder != "." && folder != ".." ? folder : stem;
}

}  // namespace

bool is_workload(const Tree& tree) {
  return tree.find("model") != nullptr || tree.find("graph") != nullptr || tree.find("model_type") != nullptr;
}

LoadedWorkload read_workload(Tree tree, const std::string& name, std::span<const Override> overrides) {
  Tree file = wrap(std::move(tree));
  inline_model_beside(file);
  for (const Override& change : overrides) set_value(file, change.key, change.value, "--set");
  inline_model(file, {});  // an override is relative to where the user is
  return read(file, name);
}

LoadedWorkload load_workload(const std::filesystem::path& file, std::span<const Override> overrides) {
  return read_workload(load_tree(file), name_of(file), overrides);
}

}  // namespace wafersim
