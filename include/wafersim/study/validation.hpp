// Published numbers beside the simulator's, in groups.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace wafersim {

struct ValidationPoint {
  std::string what;
  double published{};
  double simulated{};
  double tolerance{};     // percent
  std::string known_gap;  // why the tolerance is wider than the source promises; mostly empty

  [[nodiscard]] double error() const;  // percent
  [[nodiscard]] bool holds() const;
};

struct ValidationGroup {
  std::string name;   // as on the command line
  std::string title;  // what is compared, in which unit
  std::string source;
  std::function<std::vector<ValidationPoint>()> run;
  bool only_by_name = false;  // takes minutes
};

// In the order in which they are shown.
[[nodiscard]] const std::vector<ValidationGroup>& validation_groups();

}  // namespace wafersim
