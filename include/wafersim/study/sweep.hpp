// Runs the points of a study as processes, and keeps what comes out in a journal.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/stream/part.hpp"
#include "wafersim/study/points.hpp"

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
  std::uint64_t ordinal{};
  std::vector<Override> settings;
  std::string key;                      // see run_key; empty if the inputs cannot be read
  std::optional<PointFigures> figures;  // nothing of a point that failed
  std::string document;                 // all figures, as one line of JSON; empty of a point that failed
  int exit_code{};
  std::string error;
  std::optional<double> efficiency;  // see RowReader
  std::string reason;                // why it is below one
};

struct SweepOptions {
  std::filesystem::path folder;  // of the journal; empty: it is kept in memory
  std::size_t jobs{1};
  Shard shard;
  bool resume{};  // go on with the journal of the folder
  std::function<void(std::uint64_t done, std::uint64_t all)> on_progress;
  std::function<void(const Point& point, const std::string& message)> on_lost;  // see SweepCounts::lost
  std::function<bool()> stop;                                                   // see run_sweep
};

struct SweepCounts {
  std::uint64_t points{};  // of the shard
  std::uint64_t known{};   // found in the journal
  std::uint64_t ran{};     // finished now
  // A signal, or too little memory, ended their process: their rows say so, and --resume tries again.
  std::uint64_t lost{};
  bool stopped{};  // by `stop`
};

// The points that a journal knows, in the order of the study.
class SweepResults {
 public:
  SweepResults();
  SweepResults(SweepResults&&) noexcept;
  SweepResults& operator=(SweepResults&&) noexcept;
  ~SweepResults();

  // Points of the study that the journals do not have.
  [[nodiscard]] std::uint64_t missing() const;
  // Points that were lost with their process, see SweepCounts::lost.
  [[nodiscard]] std::uint64_t lost() const;
  [[nodiscard]] std::uint64_t size() const;
  // Calls `visit` with every row, with efficiency and reason. If nodes are swept, efficiency is the
  // throughput of a node against that at the first point with the same other values (with the batch held,
  // that is speed-up by ratio of nodes); otherwise the throughput against the first point.
  void for_each(const std::function<void(const SweepRow&)>& visit) const;
  // Whether nodes are swept.
  [[nodiscard]] bool per_node() const;
  // The model's version, the machine and the workload that all points start from, resolved, and what the
  // study holds, as JSON.
  [[nodiscard]] std::string inputs() const;

  struct Parts;

 private:
  friend SweepResults collect(const Study& study, const std::filesystem::path& folder);
  friend std::pair<SweepCounts, SweepResults> run_sweep(const Study& study, const SweepOptions& options);
  explicit SweepResults(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Runs what the journal does not have yet. `stop` is asked when a signal arrives; true leaves the rest
// undone. Every finished point is in the journal as one whole line, whatever happens. Throws InputError: the
// folder cannot be written, holds the journal of another study, or is in use; the disk is full.
std::pair<SweepCounts, SweepResults> run_sweep(const Study& study, const SweepOptions& options);

// What the journals of all shards in a folder hold.
[[nodiscard]] SweepResults collect(const Study& study, const std::filesystem::path& folder);

}  // namespace wafersim
