// Sorts overrides, and lets errors in them name the option as the user wrote it.
#include "cli/inputs.hpp"

#include <fmt/format.h>

namespace wafersim::cli {
namespace {

constexpr std::string_view kWorkload = "workload.";

// Whether one of two dotted paths lies within the other.
bool related(const std::string& a, const std::string& b) {
  const std::string& shorter = a.size() < b.size() ? a : b;
  const std::string& longer = a.size() < b.size() ? b : a;
  return longer.starts_with(shorter) && (longer.size() == shorter.size() || longer[shorter.size()] == '.');
}

// Gives problems of overrides their place on the command line, and their keys their prefix.
Problem placed(Problem problem, const std::vector<Override>& overrides, std::string_view prefix) {
  if (problem.at.file != "--set") return problem;
  // The last one that says something about the key is the one that holds.
  for (const Override& change : overrides) {
    if (related(change.key, problem.key))
      problem.at.file = fmt::format("--set {}{}={}", prefix, change.key, change.value);
  }
  problem.key = fmt::format("{}{}", prefix, problem.key);
  return problem;
}

template <class Load>
auto with_places(const Load& load, const std::vector<Override>& overrides, std::string_view prefix) {
  try {
    return load();
  } catch (const InputError& error) {
    std::vector<Problem> problems;
    for (const Problem& problem : error.problems()) problems.push_back(placed(problem, overrides, prefix));
    throw InputError{std::move(problems)};
  }
}

}  // namespace

Overrides::Overrides(const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    Override change = parse_override(setting);
    if (change.key.starts_with(kWorkload)) {
      change.key.erase(0, kWorkload.size());
      workload.push_back(std::move(change));
    } else {
      machine.push_back(std::move(change));
    }
  }
}

Overrides::Overrides(const Parsed& parsed) : Overrides{parsed.list("set")} {
  for (const char* key : {"bind", "unknown"}) {
    if (parsed.has(key)) workload.push_back({.key = key, .value = parsed.text(key)});
  }
}

void add_input_options(Usage& usage) {
  namespace po = boost::program_options;
  usage.options.add_options()  //
      ("set", po::value<std::vector<std::string>>()->value_name("KEY=VALUE")->composing(),
       "change a key of the machine, or of the workload (workload.KEY); may be repeated")  //
      ("bind", po::value<std::string>()->value_name("NAME=SIZE,..."),
       "sizes of an ONNX model's symbolic dimensions, such as batch=1,sequence=2048")  //
      ("unknown", po::value<std::string>()->value_name("stop|skip"),
       "what to do at ONNX operators that are not known: stop (as if not given), or leave them out");
}

void say_notes(const LoadedWorkload& workload) {
  for (const std::string& note : workload.notes) say(note);
}

FileKind kind_of(const std::string& file) {
  const Tree tree = load_workload_tree(file);
  if (is_machine(tree)) return FileKind::machine;
  if (is_workload(tree)) return FileKind::workload;
  refuse(file, "is neither a machine (with a 'wafer') nor a workload (with a 'model' or a 'graph')");
}

MachineSpec machine_from(const std::string& file, const Overrides& overrides) {
  return with_places(
      [&] {
        const Tree tree = load_tree(std::filesystem::path{file}, overrides.machine);
        if (!is_machine(tree) && is_workload(tree)) refuse(file, "is a workload, expected a machine");
        return read_machine(tree);
      },
      overrides.machine, "");
}

LoadedWorkload workload_from(const std::string& file, const Overrides& overrides) {
  return with_places(
      [&] {
        const Tree tree = load_workload_tree(file);
        if (!is_workload(tree) && is_machine(tree)) refuse(file, "is a machine, expected a workload");
        return load_workload(file, overrides.workload);
      },
      overrides.workload, kWorkload);
}

Inputs inputs_from(const std::string& machine, const std::string& workload, const Overrides& overrides) {
  std::vector<Problem> problems;
  Inputs inputs;
  const auto collect = [&](const auto& load) {
    try {
      load();
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  };
  collect([&] { inputs.machine = machine_from(machine, overrides); });
  collect([&] { inputs.workload = workload_from(workload, overrides); });
  if (!problems.empty()) throw InputError{std::move(problems)};
  return inputs;
}

void add_request_options(Usage& usage, const char* formats) {
  namespace po = boost::program_options;
  add_input_options(usage);
  usage.options.add_options()                                                                               //
      ("format", po::value<std::string>()->value_name("NAME")->default_value("text"), formats)              //
      ("output,o", po::value<std::string>()->value_name("FILE"), "write there instead of standard output")  //
      ("quiet,q", "no messages beside results and errors");
}

std::optional<Request> request_of(Usage& usage, const Arguments& arguments,
                                  const std::vector<std::string>& formats,
                                  const std::vector<std::string>& outputs) {
  Parsed parsed = parse(usage, arguments);
  if (parsed.help) return std::nullopt;
  std::string format = one_of(parsed, "format", formats);
  check_outputs(parsed, outputs);
  Inputs inputs = inputs_from(parsed.operands[0], parsed.operands[1], Overrides{parsed});
  return Request{.parsed = std::move(parsed), .format = std::move(format), .inputs = std::move(inputs)};
}

}  // namespace wafersim::cli
