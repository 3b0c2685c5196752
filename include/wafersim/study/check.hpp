// Runs baselines again and says what changed: cycle regression for CI.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "wafersim/base/parse.hpp"
#include "wafersim/study/difference.hpp"

namespace wafersim {

// Figures whose names match the pattern (`*` and `?` as in a shell) may differ by a share of their old value.
struct Tolerance {
  std::string pattern;
  Fraction share;
};

// "step.*=0.1 %" or, for every figure, "0.1 %". Throws InputError.
[[nodiscard]] Tolerance parse_tolerance(const std::string& text);

struct CheckOptions {
  std::vector<Tolerance>
      tolerances;  // beside those that a baseline states itself; the last that matches holds
  std::size_t jobs{1};
  bool update{};        // write the new result over a baseline that failed
  std::string version;  // of the program, for results that are written
};

struct CheckResult {
  enum class Verdict { same, tolerated, changed, failed };

  std::filesystem::path file;
  Verdict verdict{};
  ResultDifference difference;          // of a baseline that could be run
  std::vector<ValueChange> violations;  // figures out of their tolerance
  std::string error;                    // why it could not be run
  bool updated{};

  [[nodiscard]] bool holds() const { return verdict == Verdict::same || verdict == Verdict::tolerated; }
};

// Runs the resolved inputs of each baseline, in processes of their own. Throws InputError with the problems
// of every file that is no baseline, before the first run.
[[nodiscard]] std::vector<CheckResult> check_baselines(const std::vector<std::filesystem::path>& files,
                                                       const CheckOptions& options);

[[nodiscard]] std::string write_text(const std::vector<CheckResult>& results);
// For CI: one test case per baseline.
[[nodiscard]] std::string write_junit(const std::vector<CheckResult>& results);

}  // namespace wafersim
