// The step of a sparse run's dense twin, remembered: points of a study that only differ in sparsity have the
// same twin.
#pragma once

#include <optional>

#include "wafersim/base/answers.hpp"
#include "wafersim/cluster/attribution.hpp"
#include "wafersim/cluster/cluster.hpp"
#include "wafersim/cluster/step_program.hpp"

namespace wafersim {

struct DenseStep {
  Cycles cycles;
  CyclesByPart parts{};
};

class DenseSteps {
 public:
  // Of a twin that does this program. Nothing else makes a difference to its step.
  DenseSteps(const MachineSpec& machine, const StepProgram& program);

  // What it is remembered by.
  [[nodiscard]] const Answers::Numbers& question() const { return question_; }
  // What it took before, or nothing.
  [[nodiscard]] std::optional<DenseStep> known() const;
  // Of a cluster that has run.
  DenseStep take(const Cluster& cluster);

 private:
  Answers& answers_;
  Answers::Numbers question_;  // a digest
};

}  // namespace wafersim
