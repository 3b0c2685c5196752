// One size of the measured GEMMs, beside the simulator's.
#pragma once

#include <cstdint>

namespace wafersim {

// source: WaferLLM, OSDI'25 (arXiv 2502.04563): GEMM of 2160 cubed in FP16 on `pes` x `pes` PEs, cycles.
struct PublishedGemm {
  std::uint32_t pes{};
  double summa{}, cannon{}, mesh{};
};
void expect_published_gemm(const PublishedGemm& point);

}  // namespace wafersim
