// Runs every point of a study as a process of its own, and compares what comes out.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/stream/part.hpp"
#include "wafersim/study/study.hpp"

namespace wafersim {

// The figures of a result that a study compares.
struct PointFigures {
  std::uint64_t nodes{};
  Cycles step;
  Picoseconds time;
  double samples_per_second{};
  double tokens_per_second{};
  double utilization{};
  std::array<Cycles, kParts> parts{};
  std::string bottleneck;
};

struct SweepRow {
  std::vector<Override> settings;
  std::optional<PointFigures> figures;
  int exit_code{};                   // of the point's process
  std::string error;                 // what it said, if it failed
  std::optional<double> efficiency;  // see Sweep
  std::string reason;                // why it is below one
};

// Rows in the order of the grid. If nodes are swept, efficiency is the throughput of a node against that at
// the first point with the same other values (with the batch held, that is speed-up by ratio of nodes);
// otherwise the throughput against the first point.
struct Sweep {
  std::string study;
  std::string held;  // in words, empty if nothing is
  std::vector<std::string> keys;
  bool per_node{};
  std::vector<SweepRow> rows;
};

struct SweepOptions {
  std::string program;  // the simulator's own binary
  std::size_t jobs{1};
  std::function<void(std::size_t done, std::size_t all)> on_progress;
};

[[nodiscard]] Sweep run_sweep(const Study& study, const SweepOptions& options);

// Fills in efficiency and reason of every row.
void compare_rows(Sweep& sweep);

[[nodiscard]] std::string write_text(const Sweep& sweep);
[[nodiscard]] std::string write_csv(const Sweep& sweep);
// One line of JSON per point.
[[nodiscard]] std::string write_jsonl(const Sweep& sweep);

}  // namespace wafersim
