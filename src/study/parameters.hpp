// The parameters of a machine that can be more or less; private to this room.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/config/scalar.hpp"

namespace wafersim::study_detail {

struct Parameter {
  std::string key;  // as in `--set`
  std::string value;
  ScalarKind kind{};
};

// Every number and quantity of the machine that a step may depend on: not what was published about it, how
// long it is simulated, or what energy costs.
[[nodiscard]] std::vector<Parameter> parameters_of(const MachineSpec& machine);

// The value times `factor`, in whole units: at least one unit away from the value. A grid changes its
// columns. Nothing if the result is none of the kind (zero, more than all of something).
[[nodiscard]] std::optional<std::string> scaled(const Parameter& parameter, double factor);

// How often `text` is the parameter's value.
[[nodiscard]] double ratio_of(const Parameter& parameter, const std::string& text);

}  // namespace wafersim::study_detail
