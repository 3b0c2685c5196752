// Runs training steps of a workload on a machine and accounts for every cycle. Once per process: SystemC
// elaborates only once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "wafersim/cluster/outcome.hpp"
#include "wafersim/config/machine_spec.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// A span of time in which a station was busy or the wafer ran an operation, for a trace viewer.
struct TraceSpan {
  std::string track;
  std::string name;
  Picoseconds begin;
  Picoseconds end;
};

// Called now and then during a long run with the share that is done, from 0 to 1. It cannot change the
// result.
using Progress = std::function<void(double done)>;

enum class Trace { none, kept };

struct RunResult {
  Outcome outcome;
  // If it was to be kept: of the steady step, in the order of the program; none if it is pipelined.
  std::vector<TraceSpan> trace;
};

// Throws InputError or DoesNotFit if the workload cannot run on the machine, InternalFault if the run broke
// one of its invariants.
[[nodiscard]] RunResult run_training_step(const MachineSpec& machine, const Workload& workload,
                                          const Progress& progress = {}, Trace trace = Trace::none);

}  // namespace wafersim
