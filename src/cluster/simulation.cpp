// One sc_start() for all of them.
#include "cluster/simulation.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"

namespace wafersim {

const Cluster& Simulation::add(const MachineSpec& machine, const TrainingPlan& plan,
                               const StepProgram& program, const Scenario& scenario) {
  clusters_.push_back(
      std::make_unique<Cluster>(scenario.name.c_str(), machine, plan, program, scenario, faults_));
  return *clusters_.back();
}

void Simulation::run(const Progress& progress) {
  if (progress) {
    run_in_slices(progress);
  } else {
    sc_core::sc_start();
  }
  faults_.rethrow_if_any();
  for (const auto& cluster : clusters_) {
    if (cluster->finished()) continue;
    throw InternalFault{fmt::format("the simulation came to a halt: {}", cluster->waiting_for())};
  }
}

// The same events in the same order, but control comes back now and then.
void Simulation::run_in_slices(const Progress& progress) {
  sc_core::sc_start(sc_core::SC_ZERO_TIME);  // before this nothing is pending
  // Picoseconds; doubled, so that even a year of simulated time has few slices.
  std::uint64_t slice = 1'000'000;
  while (sc_core::sc_pending_activity() && sc_core::sc_get_status() != sc_core::SC_STOPPED) {
    const std::uint64_t left = ~std::uint64_t{0} - sc_core::sc_time_stamp().value();
    const auto began = std::chrono::steady_clock::now();
    sc_core::sc_start(sc_core::sc_time::from_value(std::min(slice, left)));
    if (std::chrono::steady_clock::now() - began < std::chrono::milliseconds{20})
      slice = std::min(slice * 2, left);
    double done = 0;
    for (const auto& cluster : clusters_) done += cluster->progress() / static_cast<double>(clusters_.size());
    progress(done);
  }
}

}  // namespace wafersim
