// Reads a machine file, and writes a machine back.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/config/record.hpp"
#include "wafersim/config/tree.hpp"

namespace wafersim {

// `--set key=value`.
struct Override {
  std::string key;
  std::string value;
};

// Splits "key=value" at the first '='; throws InputError if there is none.
[[nodiscard]] Override parse_override(const std::string& text);
// Reads a file with its bases and lays the overrides on it, in their order. Throws InputError.
[[nodiscard]] Tree load_tree(const std::filesystem::path& file, std::span<const Override> overrides);

// The machine that a file describes, checked; throws InputError with every problem there is.
[[nodiscard]] MachineSpec load_machine(const std::filesystem::path& file,
                                       std::span<const Override> overrides = {});
[[nodiscard]] MachineSpec read_machine(const Tree& tree);

// The tree that reads back to the same machine: nothing inherited, nothing left out.
[[nodiscard]] Tree to_tree(const MachineSpec& machine);

// Does the tree describe a machine (and not a workload or a study)?
[[nodiscard]] bool is_machine(const Tree& tree);

// What a machine file may say.
[[nodiscard]] std::vector<FieldInfo> machine_fields();

}  // namespace wafersim
