// What one run found out, with all that it takes to run it again, and the ways to write it down.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "wafersim/cluster/outcome.hpp"
#include "wafersim/cluster/run.hpp"
#include "wafersim/config/tree.hpp"

namespace wafersim {

struct RunReport {
  std::string version;
  Tree machine;   // resolved: it loads as the same machine
  Tree workload;  // likewise
  std::uint64_t seed{};
  Outcome outcome;
};

// Each gives the whole text of a file. They format; the figures are the outcome's.

// One JSON document; its names and their order are fixed (docs: "Results").
[[nodiscard]] std::string write_json(const RunReport& report);
// One row per layer.
[[nodiscard]] std::string write_csv(const RunReport& report);
// An answer that fits a terminal of 100 columns.
[[nodiscard]] std::string write_text(const RunReport& report);
// The steady step for Perfetto and chrome://tracing.
[[nodiscard]] std::string write_trace(std::span<const TraceSpan> spans);

}  // namespace wafersim
