// What must hold for any bytes at all that are given to the readers of this room.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "wafersim/config/derived.hpp"
#include "wafersim/config/machine.hpp"

namespace wafersim::test {

inline void expect_law(bool holds, const char* law) {
  if (!holds) throw std::logic_error{law};
}

// An error that a person can act on: it names a file, says something, and is one line.
inline void expect_readable(const InputError& error) {
  expect_law(!error.problems().empty(), "an error names its problems");
  for (const Problem& problem : error.problems()) {
    expect_law(!problem.message.empty() && !problem.at.file.empty(), "a problem has a place and a message");
    for (const char c : to_string(problem))
      expect_law(static_cast<unsigned char>(c) >= 0x20, "a problem is one line");
  }
}

inline void check_machine_laws(const Tree& tree) {
  MachineSpec machine;
  try {
    machine = read_machine(tree);
  } catch (const InputError& error) {
    expect_readable(error);
    return;
  }
  const std::string json = to_json(to_tree(machine));
  expect_law(read_machine(parse_tree(json, "again")) == machine, "a machine survives writing and reading");
  expect_law(!derived_figures(machine).empty(), "a valid machine has derived figures");
}

inline void check_config_laws(std::string_view text) {
  try {
    const Tree tree = parse_tree(text, "fuzz");
    const std::string json = to_json(tree);
    expect_law(to_json(parse_tree(json, "again")) == json, "a tree survives JSON");
    check_machine_laws(tree);
  } catch (const InputError& error) {
    expect_readable(error);
  }
  try {
    Tree root;
    set_value(root, text.substr(0, text.size() / 2), text.substr(text.size() / 2), "--set");
  } catch (const InputError& error) {
    expect_readable(error);
  }
}

}  // namespace wafersim::test
