// A study: a machine, a workload, and the values to try.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/base/error.hpp"
#include "wafersim/config/machine.hpp"

namespace wafersim {

// One key and its values, as YAML.
struct Axis {
  struct Value {
    std::string text;
    SourceLocation at;
  };
  std::string key;  // as in `--set`: keys of the workload begin with `workload.`
  SourceLocation at;
  std::vector<Value> values;
};

struct Study {
  std::string name;
  std::filesystem::path machine;
  std::filesystem::path workload;
  std::vector<Axis> axes;  // the grid; the last one changes fastest
  // What stays the same at every point; at most one of the two.
  std::optional<std::uint64_t> tokens_per_node;  // weak scaling
  std::optional<std::uint64_t> global_batch;     // strong scaling
};

// Reads a study file. Paths in it are relative to it. Throws InputError with every problem found, also of the
// machine and the workload, and of keys and values that they do not take.
[[nodiscard]] Study load_study(const std::filesystem::path& file);

// The settings of every point of the grid: a value for each axis, in their order.
[[nodiscard]] std::vector<std::vector<Override>> points_of(const Study& study);

// What `hold` means as settings of each point.
[[nodiscard]] std::vector<Override> held_settings(const Study& study);

}  // namespace wafersim
