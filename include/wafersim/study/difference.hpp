// What changed between two results of `wafersim run`, and where it came from.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "wafersim/config/tree.hpp"
#include "wafersim/stream/part.hpp"

namespace wafersim {

using SignedByPart = std::array<std::int64_t, kParts>;

// A value that is there before, after, or in both; as the results spell it.
struct ValueChange {
  std::string name;
  std::string before;  // empty if it is not there
  std::string after;
};

// Layers whose names differ in numbers only, together.
struct LayerChange {
  std::string name;
  SignedByPart parts{};  // cycles more than before
  std::int64_t total{};  // their sum
};

struct StationChange {
  std::string name;
  std::array<std::string, 2> peak;      // bytes or operations per second
  std::array<std::string, 2> achieved;  // bytes per second
  std::array<double, 2> busy{};
  bool peak_changed{};
};

struct ResultDifference {
  std::uint64_t before{};  // cycles of the step
  std::uint64_t after{};
  SignedByPart parts{};                 // sum to after - before
  std::vector<LayerChange> layers;      // sum to `parts`, part by part; the largest first
  std::vector<StationChange> stations;  // that changed: those whose peak did first, then by how much busier
  std::vector<ValueChange> inputs;      // in the order of the inputs
  std::vector<ValueChange> figures;     // every figure that is not equal, in the order of the result
};

// A result file. Throws InputError if it is none of `wafersim run --format json`.
[[nodiscard]] Tree load_result(const std::filesystem::path& file);

[[nodiscard]] ResultDifference difference_of(const Tree& before, const Tree& after);

// Headline, where the cycles come from, and the inputs that differ; "no difference" if there is none.
[[nodiscard]] std::string write_text(const ResultDifference& difference);
// Only where the cycles come from: one table whose rows and columns sum to the difference of the step.
[[nodiscard]] std::string explain(const ResultDifference& difference);

// Two folders of sweeps: points that both have, the largest change first; points that only one has; the
// inputs that differ; and where the cycles of one point come from: of `point`, called by what the study set
// ("nodes=4 level=0.9") or by its run key, otherwise of that whose step changed most. Throws InputError: no
// finished sweeps, or `point` is not in both.
[[nodiscard]] std::string compare_sweeps(const std::filesystem::path& before,
                                         const std::filesystem::path& after, const std::string& point = {});

}  // namespace wafersim
