// From the settings of a point to what it simulates, and the key that stands for it; private to this room.
#pragma once

#include <string>
#include <vector>

#include "wafersim/config/machine.hpp"
#include "wafersim/study/study.hpp"
#include "wafersim/workload/load.hpp"

namespace wafersim::study_detail {

struct PointInputs {
  MachineSpec machine;
  LoadedWorkload workload;
};

// Keeps the machine of a study as a tree, so that each point only lays its settings on it.
class PointReader {
 public:
  // Throws InputError if a file cannot be read.
  explicit PointReader(const Study& study);

  // The inputs with what the study holds and these settings. Throws InputError with every problem of both.
  [[nodiscard]] PointInputs read(const std::vector<Override>& settings) const;
  // Without anything that the study says.
  [[nodiscard]] PointInputs read_base() const;

 private:
  [[nodiscard]] PointInputs with(const std::vector<Override>& settings) const;

  Tree machine_;
  std::filesystem::path workload_;
  std::vector<Override> held_;
};

}  // namespace wafersim::study_detail
