// Random but legal layouts: trees of routes, switched lines, programs of every kind of instruction, and
// wavelets that come and go over the edge.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/mesh/layout.hpp"

namespace wafersim {

struct RandomMesh {
  struct Injection {
    EdgePort port;
    std::vector<EdgeWavelet> wavelets;
  };
  MeshPlan plan;
  std::vector<Injection> injections;  // one per port at most
};
[[nodiscard]] RandomMesh random_mesh(std::uint64_t seed);

}  // namespace wafersim
