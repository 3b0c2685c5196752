// From a file to a checked workload: find the model, build its graph, read and check the plan.
#include "wafersim/workload/load.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "wafersim/config/record.hpp"
#include "wafersim/workload/graph_builder.hpp"

#include "workload/graph_file.hpp"
#include "workload/graph_writer.hpp"
#include "workload/hugging_face.hpp"
#include "workload/masks.hpp"
#include "workload/onnx_import.hpp"
#include "workload/plan_check.hpp"
#include "workload/quote.hpp"
#include "workload/scale_sim.hpp"
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

bool has_extension(const std::string& file, std::string_view extension) {
  return fs::path{file}.extension() == extension;
}

// A model that is no tree of keys, but has a reader of its own.
bool is_foreign(const std::string& file) {
  return has_extension(file, ".onnx") || has_extension(file, ".csv");
}

// Replaces the name of a model's file by what the file says, or by its path from where the user is. `folder`
// is what the name is relative to.
void inline_model(Tree& file, const fs::path& folder) {
  Tree* model = find(file, "model");
  if (model == nullptr || model->kind != Tree::Kind::scalar) return;
  const fs::path path = (folder / model->text).lexically_normal();
  if (is_foreign(path.string())) {
    model->text = path.string();
  } else {
    *model = load_model(path, model->at);
  }
}

void resolve_beside(Tree& file) {
  const Tree* model = file.find("model");
  if (model != nullptr) inline_model(file, fs::path{model->at.file}.parent_path());
  Tree* masks = find(file, "masks");
  if (masks == nullptr || masks->kind != Tree::Kind::scalar) return;
  masks->text = (fs::path{masks->at.file}.parent_path() / masks->text).lexically_normal().string();
}

// "batch=1,sequence=2048".
workload_detail::Bindings bindings_of(const WorkloadRecord& record, const Tree& file) {
  Problems problems;
  workload_detail::Bindings bindings;
  if (!record.bind) return bindings;
  const SourceLocation& at = file.find("bind")->at;
  std::string_view rest = *record.bind;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = pair.rfind('=');
    const Parsed<std::uint64_t> size =
        equals == std::string_view::npos ? Parsed<std::uint64_t>{} : parse_count(pair.substr(equals + 1));
    if (!size.value || *size.value == 0 || *size.value > kMaxFeatures || equals == 0) {
      problems.add(at, "bind",
                   fmt::format("expected NAME=SIZE,NAME=SIZE such as batch=1,sequence=2048, got {}",
                               workload_detail::in_quotes(pair)));
    } else {
      bindings[std::string{pair.substr(0, equals)}] = *size.value;
    }
  }
  problems.throw_if_any();
  return bindings;
}

workload_detail::ImportedModel import_foreign(const WorkloadRecord& record, const Tree& model,
                                              const Tree& file) {
  if (has_extension(model.text, ".csv")) return workload_detail::load_scale_sim(model.text, record.name);
  const auto unknown = record.unknown == workload_detail::Unknown::skip
                           ? workload_detail::UnknownOperators::skip
                           : workload_detail::UnknownOperators::stop;
  return workload_detail::import_onnx(workload_detail::load_onnx(model.text, bindings_of(record, file)),
                                      model.text, record.name, unknown);
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
                                      const WorkloadRecord& record) {
  const std::string& name = record.name;
  if (model != nullptr && graph != nullptr) {
    throw InputError{
        {.at = graph->at, .key = "graph", .message = "give either 'model' or 'graph', not both"}};
  }
  if (model != nullptr && model->kind == Tree::Kind::scalar && is_foreign(model->text))
    return import_foreign(record, *model, file);
  if (model != nullptr) return workload_detail::import_hugging_face(*model, name);
  if (graph != nullptr) {
    workload_detail::ImportedModel read;
    read.graph = workload_detail::read_graph(*graph, name);
    read.key = "graph";
    read.resolved = *graph;
    if (!workload_detail::has_tokens(read.graph)) read.max_positions = 1;  // a sample has no tokens
    return read;
  }
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
  } else if (said != nullptr && model.fixed_sequence && plan.sequence_length != *model.max_positions) {
    problems.add(said->at, "sequence_length",
                 fmt::format("must be {}, as the model was made for (or bound to), got {}",
                             *model.max_positions, plan.sequence_length));
  }
}

// What the model's own file and the masks count. The counts replace the files in the resolved form.
void settle_kept(WorkloadRecord& record, const workload_detail::ImportedModel& model, const Tree& file,
                 std::vector<std::string>& notes) {
  std::vector<KeptWeights>& kept = record.plan.sparsity.kept;
  std::vector<KeptWeights> more = model.kept;
  if (record.masks) {
    workload_detail::MaskCounts counts =
        workload_detail::count_masks(*record.masks, model.graph, file.find("masks")->at);
    more.insert(more.end(), counts.kept.begin(), counts.kept.end());
    for (const std::string& name : counts.unmatched) {
      notes.push_back(fmt::format("{}: no layer is called like the tensor {}", *record.masks,
                                  workload_detail::in_quotes(name)));
    }
    record.masks.reset();
  }
  for (const KeptWeights& counted : more) {
    std::erase_if(kept, [&](const KeptWeights& said) { return said.layer == counted.layer; });
    kept.push_back(counted);
  }
  std::sort(kept.begin(), kept.end(),
            [](const KeptWeights& a, const KeptWeights& b) { return a.layer < b.layer; });
}

Tree resolve(const WorkloadRecord& record, const std::string& key, Tree model) {
  Tree resolved = write_record(record);
  // What has been read and bound by now, or says nothing.
  std::erase_if(resolved.entries, [](const Tree::Entry& entry) {
    return entry.key == "bind" || entry.key == "unknown" || entry.key == "masks" ||
           (entry.key == "not_modelled" && entry.value.items.empty());
  });
  std::erase_if(find(resolved, "sparsity")->entries, [&](const Tree::Entry& entry) {
    return (entry.key == "kept" && entry.value.items.empty()) ||
           (entry.key == "distribution" && record.plan.sparsity.distribution == Distribution::uniform) ||
           (entry.key == "pattern" && record.plan.sparsity.pattern == MaskPattern{}) ||
           (entry.key == "activations" && record.plan.sparsity.activations == Fraction{}) ||
           (entry.key == "block_size" && record.plan.sparsity.pattern.block == 1);
  });
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
    model = import(file, model_tree, graph_tree, record);
  } catch (const InputError& error) {
    for (const Problem& problem : error.problems()) problems.add(problem.at, problem.key, problem.message);
  }
  problems.throw_if_any();
  settle_sequence(record.plan, model, file, problems);
  problems.throw_if_any();
  LoadedWorkload loaded;
  settle_kept(record, model, file, loaded.notes);
  settle_distribution(model.graph, record.plan.sparsity);
  settle_zeros(model.graph, record.plan.sparsity);
  record.not_modelled.insert(record.not_modelled.end(), model.not_modelled.begin(), model.not_modelled.end());
  loaded.workload = {
      .graph = std::move(model.graph), .plan = record.plan, .not_modelled = record.not_modelled};
  for (const std::string& part : record.not_modelled) loaded.notes.push_back("not modelled: " + part);
  workload_detail::check_plan(loaded.workload, file, problems);
  problems.throw_if_any();
  loaded.resolved = resolve(record, model.key, std::move(model.resolved));
  return loaded;
}

// "gpt2" for gpt2.yaml, and for gpt2/config.json, as Hugging Face calls every file the same.
std::string name_of(const fs::path& file) {
  const std::string stem = file.stem().string();
  const std::string folder = file.parent_path().filename().string();
  return stem == "config" && !folder.empty() && folder != "." && folder != ".." ? folder : stem;
}

}  // namespace

Tree load_workload_tree(const std::filesystem::path& file) {
  if (!is_foreign(file.string())) return load_tree(file);
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    throw InputError{{.at = {.file = file.string()}, .key = {}, .message = "is not a file that can be read"}};
  }
  Tree tree = make_tree(Tree::Kind::map, {.file = file.string()});
  Tree model = make_text(file.filename().string());
  model.at = tree.at;
  tree.entries.push_back({.key = "model", .key_at = tree.at, .value = std::move(model)});
  return tree;
}

std::string write_yaml(const LoadedWorkload& loaded) {
  std::string text;
  for (const Tree::Entry& entry : loaded.resolved.entries) {
    if (entry.key != "model" && entry.key != "graph")
      text += fmt::format("{}: {}\n", entry.key, to_json(entry.value));
  }
  text += "graph:\n";
  for (const Tree& layer : workload_detail::write_graph(loaded.workload.graph).items)
    text += fmt::format("  - {}\n", to_json(layer));
  return text;
}

bool is_workload(const Tree& tree) {
  return tree.find("model") != nullptr || tree.find("graph") != nullptr || tree.find("model_type") != nullptr;
}

LoadedWorkload read_workload(Tree tree, const std::string& name, std::span<const Override> overrides) {
  Tree file = wrap(std::move(tree));
  resolve_beside(file);
  for (const Override& change : overrides) set_value(file, change.key, change.value, "--set");
  inline_model(file, {});  // an override is relative to where the user is
  return read(file, name);
}

LoadedWorkload load_workload(const std::filesystem::path& file, std::span<const Override> overrides) {
  return read_workload(load_workload_tree(file), name_of(file), overrides);
}

}  // namespace wafersim
