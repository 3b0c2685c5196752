// Rows made by hand.
#pragma once

#include "wafersim/study/row_writer.hpp"

namespace wafersim::test {

inline SweepRow row(std::uint64_t nodes, std::uint64_t cycles, double tokens_per_second,
                    std::uint64_t dram_cycles) {
  PointFigures figures;
  figures.nodes = nodes;
  figures.step = Cycles{cycles};
  figures.time = Picoseconds{cycles * 1000};
  figures.samples_per_second = tokens_per_second / 1000;
  figures.tokens_per_second = tokens_per_second;
  figures.utilization = 0.5;
  figures.parts[index_of(Part::compute)] = Cycles{cycles - dram_cycles};
  figures.parts[index_of(Part::dram)] = Cycles{dram_cycles};
  figures.bottleneck = "bound by compute: it takes most";
  SweepRow row;
  row.settings = {{.key = "cluster.nodes", .value = std::to_string(nodes)}};
  row.figures = figures;
  row.document = R"({"nodes":)" + std::to_string(nodes) + "}";
  return row;
}

// Three points and one that failed.
inline std::vector<SweepRow> weak() {
  std::vector<SweepRow> rows{row(1, 1000, 1e6, 0), row(2, 1000, 2e6, 0), row(4, 1250, 3.2e6, 250)};
  rows[0].efficiency = 1.0;
  rows[1].efficiency = 1.0;
  rows[2].efficiency = 0.8;
  rows[2].reason = "waits for DRAM +20.0 % of the step; bound by compute";
  SweepRow failed;
  failed.settings = {{.key = "cluster.nodes", .value = "8"}};
  failed.exit_code = 3;
  failed.error = "too large";
  rows.push_back(failed);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].ordinal = i;
  return rows;
}

inline SweepHeading heading() {
  return {.study = "weak",
          .held = "2,048 tokens per node and step",
          .keys = {"cluster.nodes"},
          .varied = {0},
          .per_node = true,
          .points = 4};
}

}  // namespace wafersim::test
