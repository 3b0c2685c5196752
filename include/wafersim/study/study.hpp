// A study: a machine, a workload, and the points to try.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/base/error.hpp"
#include "wafersim/config/machine.hpp"

namespace wafersim {

namespace study_detail {
class Expression;
}

// Numbers from `low` to `high` in steps of 10^-decimals, with a unit behind them.
struct DrawRange {
  std::int64_t low{};
  std::int64_t high{};
  unsigned decimals{};
  std::string unit;
};

// One key and what it may be, as YAML.
struct Axis {
  struct Value {
    std::string text;
    SourceLocation at;
  };
  std::string key;     // as in `--set`: keys of the workload begin with `workload.`
  std::string origin;  // where the file says so: "sweep", "zip", "list" or "random"
  SourceLocation at;
  std::vector<Value> values;       // of a range: its two ends
  std::optional<DrawRange> range;  // of a random axis, if it is not a choice among the values
};

// Axes that move together. The space is the product of its factors; the last one changes fastest.
struct Factor {
  std::vector<Axis> axes;
  std::uint64_t count{};              // of its points
  std::optional<std::uint64_t> seed;  // of a random factor
};

// A key that follows from others, or a condition that a point must meet.
struct Formula {
  std::string key;  // empty for a condition
  SourceLocation at;
  std::shared_ptr<const study_detail::Expression> expression;
};

struct Study {
  std::string name;  // of the file, unless it says another
  std::filesystem::path file;
  std::filesystem::path machine;
  std::filesystem::path workload;
  std::vector<Factor> factors;
  std::vector<Formula> derived;
  std::vector<Formula> conditions;
  // What stays the same at every point; at most one of the two.
  std::optional<std::uint64_t> tokens_per_node;  // weak scaling
  std::optional<std::uint64_t> global_batch;     // strong scaling
  // Keys of the machine and of the workload ("workload.…") with their values where the study says nothing.
  std::vector<Override> defaults;
};

// Most points of a study that is not said to be large on purpose, conditions aside.
inline constexpr std::uint64_t kMostPoints = 1'000'000;

// Reads a study file. Paths in it are relative to it. Throws InputError with every problem found, also of the
// machine and the workload, and of keys and values that they do not take.
[[nodiscard]] Study load_study(const std::filesystem::path& file, bool large = false);

}  // namespace wafersim
