// The folder of a finished sweep, as far as a comparison needs it; private to this room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "wafersim/config/machine.hpp"
#include "wafersim/config/tree.hpp"
#include "wafersim/study/difference.hpp"

namespace wafersim::study_detail {

// One point, small enough that a million of them fit.
struct SweepPoint {
  std::string key;         // see run_key; empty if the inputs could not be read
  std::uint64_t cycles{};  // zero of a point that failed
  SignedByPart parts{};
  std::map<std::string, std::int64_t> layers;
  std::map<std::string, double> busy;  // of each station
};

struct SweepFolder {
  std::filesystem::path folder;
  std::map<std::string, SweepPoint> points;  // by what the study set for them: "nodes=4 level=0.9"
  bool has_inputs{};                         // sweeps of earlier programs did not write them down
  // The model and the resolved inputs that the points start from. A key that the points set says so instead
  // of a value; what the study holds is there as it holds.
  std::vector<Override> inputs;
};

// Throws InputError: no results, or none of `wafersim sweep -o`.
[[nodiscard]] SweepFolder load_sweep(const std::filesystem::path& folder);

// A point in the shape of a result of `wafersim run`, as difference_of takes it; its inputs are empty. Throws
// InputError if the folder has no such point with figures.
[[nodiscard]] Tree result_of(const std::filesystem::path& folder, const std::string& point);

}  // namespace wafersim::study_detail
