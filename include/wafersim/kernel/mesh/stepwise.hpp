// Products on grids that are too large to run wavelet by wavelet: small grids are run, and grow by whole
// steps.
#pragma once

#include <cstdint>
#include <string>

#include "wafersim/mesh/parameters.hpp"

namespace wafersim {

// A GEMM on n x n PEs is n equal steps, whatever the grid, as long as the tile is the same: neighbours
// exchange tiles, and what has to cross the grid does so beside the steps.
struct StepwiseGemm {
  std::uint64_t cycles{};   // of the whole product, its last term rounded up
  std::uint64_t compute{};  // of these: products of tiles, with the scalar code around them
  double unevenness{};  // by how much the growth from 16 to 24 PEs differs from that from 8 to 16, as a share
};

// Runs `kernel` (gemm.…) at wavelet resolution, values compared, on 8 x 8, 16 x 16 and 24 x 24 PEs with
// square tiles of `tile`, and continues the growth of the last to `pes` along each side. Throws InternalFault
// if a product is wrong or the growth differs by more than 1 %: then the steps are not equal.
[[nodiscard]] StepwiseGemm stepwise_gemm(const std::string& kernel, std::uint32_t pes, std::uint32_t tile,
                                         const MeshParameters& parameters = {});

}  // namespace wafersim
