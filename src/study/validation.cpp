// The list of what can be validated.
#include "wafersim/study/validation.hpp"

#include <cmath>

#include "study/validation_groups.hpp"

namespace wafersim {

double ValidationPoint::error() const {
  return 100 * (simulated / published - 1);
}

bool ValidationPoint::holds() const {
  constexpr double kRounding = 1e-9;
  return std::abs(error()) <= tolerance + kRounding;
}

const std::vector<ValidationGroup>& validation_groups() {
  static const std::string kReduce = "Luczynski et al., HPDC'24, arXiv 2404.15888";
  static const std::vector<ValidationGroup> kGroups{
      {"collectives", "Collectives against the vendor's cycle-level simulator (cycles; landings: wavelets)",
       kReduce, simulated_collectives},
      {"models", "Collectives against their published cycle models (cycles of the body)", kReduce,
       modelled_collectives},
      {"pe", "One PE (cycles)", "measured on WSE-2: SpMM on CS-2 benchmarks", single_pe},
      {"matrix", "Matrix products on P x P PEs: GEMV 4096 x 4096, GEMM 2160 cubed, FP16 (cycles)",
       "measured on WSE-2: WaferLLM, OSDI'25, arXiv 2502.04563", matrix_products},
      {"stencil", "25-point seismic stencil, FP32 (cycles)",
       "measured on WSE-2: Jacquelin et al., SC'22: 754 s for 10,000,000 steps at 850 MHz", stencils},
      {"fft", "Fourier transform of a cube of complex FP32 numbers (cycles)",
       "measured on CS-2: wsFFT, arXiv 2209.15040: 959 us, here at 850 MHz", fourier_transforms},
      {"training", "Training steps of GPT-3 models on one CS-2, and weak scaling",
       "measured on CS-2: arXiv 2409.00287; Cerebras-GPT, arXiv 2304.03208 (within 9 % of linear)",
       training_steps},
      {"ladder", "Weight streaming: the closed form (simulated) against every wavelet (published; cycles)",
       "this simulator's wavelet engine", ladder, /*only_by_name=*/true},
  };
  return kGroups;
}

}  // namespace wafersim
