// Which parameters of a machine matter to a workload: each is changed a little, alone, and the step run
// again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/workload/load.hpp"

namespace wafersim {

struct SensitivityOptions {
  double change{0.1};  // of each parameter, up and down, as a share
  std::size_t jobs{1};
  std::function<void(std::size_t done, std::size_t all)> on_progress;
};

// Of one parameter. Times are of the step for the same work: tokens per node are those of the machine as it
// is.
struct ParameterEffect {
  std::string key;
  std::string value;         // as it is
  std::string better;        // the changed value that is faster; empty if neither is
  double relative_change{};  // of the parameter, from `value` to `better`; negative if less is better
  double gain{};             // share of the step that `better` saves
  double loss{};             // share of the step that the opposite change costs; zero if it cannot run
  double elasticity{};       // the larger of gain and loss, by the share that the parameter changed
  std::string enough;        // beyond this value ten times more of the same brings less than 1 % of the step
  std::string limit_there;   // what bounds the step there
  std::string note;          // why a value could not be tried
};

struct Sensitivity {
  std::string machine;
  std::string workload;
  std::uint64_t cycles{};  // of the step as it is
  std::string bottleneck;
  std::vector<ParameterEffect> effects;     // that matter, the largest elasticity first
  std::vector<std::string> without_effect;  // keys, in the order of the machine
  std::vector<std::string> untried;         // keys that cannot change alone, with the reason
};

// Throws InputError or DoesNotFit if the machine as it is cannot run the workload.
[[nodiscard]] Sensitivity find_sensitivity(const MachineSpec& machine, const LoadedWorkload& workload,
                                           const SensitivityOptions& options);

[[nodiscard]] std::string write_text(const Sensitivity& sensitivity);
[[nodiscard]] std::string write_csv(const Sensitivity& sensitivity);
[[nodiscard]] std::string write_json(const Sensitivity& sensitivity);

}  // namespace wafersim
