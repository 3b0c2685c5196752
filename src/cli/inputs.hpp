// Machines and workloads as the command line names them: files, and `--set` for both.
#pragma once

#include <string>
#include <vector>

#include "wafersim/config/machine.hpp"
#include "wafersim/workload/load.hpp"

namespace wafersim::cli {

// `--set workload.KEY=VALUE` goes to the workload, any other to the machine.
struct Overrides {
  std::vector<Override> machine;
  std::vector<Override> workload;

  explicit Overrides(const std::vector<std::string>& settings);
};

struct Inputs {
  MachineSpec machine;
  LoadedWorkload workload;
};

enum class FileKind { machine, workload };

// What a file describes. Throws InputError if it is neither.
[[nodiscard]] FileKind kind_of(const std::string& file);

[[nodiscard]] MachineSpec machine_from(const std::string& file, const Overrides& overrides);
[[nodiscard]] LoadedWorkload workload_from(const std::string& file, const Overrides& overrides);
// Both; throws InputError with the problems of both.
[[nodiscard]] Inputs inputs_from(const std::string& machine, const std::string& workload,
                                 const Overrides& overrides);

}  // namespace wafersim::cli
