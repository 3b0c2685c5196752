// Sweeps made by hand.
#pragma once

#include "wafersim/study/sweep.hpp"

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
  return {.settings = {{.key = "cluster.nodes", .value = std::to_string(nodes)}},
          .figures = figures,
          .exit_code = 0,
          .error = {},
          .efficiency = {},
          .reason = {}};
}

inline Sweep weak() {
  Sweep sweep{.study = "s.yaml",
              .held = "2,048 tokens per node and step",
              .keys = {"cluster.nodes"},
              .per_node = true,
              .rows = {row(1, 1000, 1e6, 0), row(2, 1000, 2e6, 0), row(4, 1250, 3.2e6, 250)}};
  SweepRow failed;
  failed.settings = {{.key = "cluster.nodes", .value = "8"}};
  failed.exit_code = 3;
  failed.error = "too large";
  sweep.rows.push_back(failed);
  return sweep;
}

}  // namespace wafersim::test
