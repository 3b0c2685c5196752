// What a program may not do, found before it runs.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "wafersim/mesh/parameters.hpp"
#include "wafersim/mesh/program.hpp"

namespace wafersim {

// The colors a program reads from and writes to its queues.
struct ProgramColors {
  std::set<Color> read;
  std::set<Color> written;
};
[[nodiscard]] ProgramColors colors_of(const Program& program);

// All that is wrong with the program, one sentence each.
[[nodiscard]] std::vector<std::string> faults_of(const Program& program, const MeshParameters& parameters);

}  // namespace wafersim
