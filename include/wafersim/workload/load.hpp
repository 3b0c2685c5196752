// Loads a workload: a workload file, or a bare Hugging Face config.json with a default plan.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "wafersim/config/machine.hpp"
#include "wafersim/config/tree.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

struct LoadedWorkload {
  Workload workload;
  Tree resolved;  // self-contained, every default filled in: written as JSON it loads as the same workload
};

// Overrides are applied in their order; their keys are those of the file (`sparsity.level`, `model.n_layer`).
// Throws InputError with every problem found.
[[nodiscard]] LoadedWorkload load_workload(const std::filesystem::path& file,
                                           std::span<const Override> overrides = {});
// The same of a tree that is already there, such as the inputs of an earlier result. `name` is used if the
// tree has none.
[[nodiscard]] LoadedWorkload read_workload(Tree tree, const std::string& name,
                                           std::span<const Override> overrides = {});

// Whether a file looks like a workload, right or wrong, rather than a machine.
[[nodiscard]] bool is_workload(const Tree& tree);

}  // namespace wafersim
