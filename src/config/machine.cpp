// Reads a machine file, and writes a machine back.
#include "wafersim/config/machine.hpp"

#include <utility>

#include <fmt/format.h>

#include "config/machine_fields.hpp"
#include "config/machine_rules.hpp"
#include "config/text_check.hpp"

namespace wafersim {

Override parse_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw InputError{{.at = {.file = "--set"},
                      .key = {},
                      .message = fmt::format("expected KEY=VALUE, got '{}'", shorten(text))}};
  }
  return {.key = text.substr(0, equals), .value = text.substr(equals + 1)};
}

Tree load_tree(const std::filesystem::path& file, std::span<const Override> overrides) {
  Tree tree = load_tree(file);
  Problems problems;
  for (const Override& change : overrides) {
    try {
      set_value(tree, change.key, change.value, "--set");
    } catch (const InputError& error) {
      for (const Problem& problem : error.problems()) problems.add(problem.at, problem.key, problem.message);
    }
  }
  problems.throw_if_any();
  return tree;
}

MachineSpec load_machine(const std::filesystem::path& file, std::span<const Override> overrides) {
  return read_machine(load_tree(file, overrides));
}

MachineSpec read_machine(const Tree& tree) {
  MachineSpec machine;
  Problems problems;
  read_record(tree, "", machine, problems);
  check_machine(machine, tree, problems);
  problems.throw_if_any();
  return machine;
}

Tree to_tree(const MachineSpec& machine) {
  return write_record(machine);
}

bool is_machine(const Tree& tree) {
  return tree.find("wafer") != nullptr;
}

std::vector<FieldInfo> machine_fields() {
  return describe_record<MachineSpec>();
}

}  // namespace wafersim
