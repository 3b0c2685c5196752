// Loads a workload: a workload file, or a bare model (Hugging Face config.json, ONNX, SCALE-Sim) with a
// default plan.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "wafersim/config/machine.hpp"
#include "wafersim/config/tree.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

struct LoadedWorkload {
  Workload workload;
  Tree resolved;  // self-contained, every default filled in: written as JSON it loads as the same workload
  std::vector<std::string> notes{};  // what the user should know: parts left out, masks that fit no layer
};

// Overrides are applied in their order; their keys are those of the file (`sparsity.level`, `model.n_layer`).
// Throws InputError with every problem found.
[[nodiscard]] LoadedWorkload load_workload(const std::filesystem::path& file,
                                           std::span<const Override> overrides = {});
// The same of a tree that is already there, such as the inputs of an earlier result. `name` is used if the
// tree has none.
[[nodiscard]] LoadedWorkload read_workload(Tree tree, const std::string& name,
                                           std::span<const Override> overrides = {});

// The file as a tree. Of a model with a format of its own (.onnx, .csv), a workload with nothing but its
// name.
[[nodiscard]] Tree load_workload_tree(const std::filesystem::path& file);

// The workload as a file with a graph, one line for each layer; it loads as the same workload.
[[nodiscard]] std::string write_yaml(const LoadedWorkload& loaded);

// Whether a file looks like a workload, right or wrong, rather than a machine.
[[nodiscard]] bool is_workload(const Tree& tree);

}  // namespace wafersim
