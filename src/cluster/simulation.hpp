// Clusters side by side in one simulation, because SystemC elaborates only once.
#pragma once

#include <memory>
#include <vector>

#include "wafersim/cluster/cluster.hpp"
#include "wafersim/cluster/run.hpp"

namespace wafersim {

class Simulation {
 public:
  // All arguments but the scenario must outlive the simulation.
  const Cluster& add(const MachineSpec& machine, const TrainingPlan& plan, const StepProgram& program,
                     const Scenario& scenario);
  // Throws what a module threw, or InternalFault if one came to a halt.
  void run(const Progress& progress);

 private:
  void run_in_slices(const Progress& progress);

  Faults faults_;
  std::vector<std::unique_ptr<Cluster>> clusters_;
};

}  // namespace wafersim
