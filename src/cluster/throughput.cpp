// Cluster beside cluster.
#include "wafersim/cluster/throughput.hpp"

#include <fmt/format.h>

#include "wafersim/base/time.hpp"
#include "wafersim/config/derived.hpp"

#include "cluster/accounting.hpp"
#include "cluster/simulation.hpp"

namespace wafersim {

std::vector<double> throughput_of(const std::vector<TrainingCase>& cases) {
  MaskLibrary masks;
  std::vector<PlannedRun> runs;
  for (const TrainingCase& one : cases) runs.push_back(plan_run(one.machine, one.workload, masks));
  Simulation simulation;
  std::vector<const Cluster*> clusters;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    clusters.push_back(&simulation.add(cases[i].machine, runs[i].workload.plan, runs[i].step.program,
                                       {.name = fmt::format("case{}", i), .infinite = {}}));
  }
  simulation.run({});
  std::vector<double> rates;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Picoseconds step = time_of(steady_step(*clusters[i]), cases[i].machine.wafer.clock);
    const std::uint64_t sequences = runs[i].wafer.sequences() * working_nodes(cases[i].machine.cluster);
    rates.push_back(static_cast<double>(sequences) * 1e12 / static_cast<double>(step.count()));
  }
  return rates;
}

}  // namespace wafersim
