// The groups of `wafersim validate`, one function each.
#pragma once

#include "wafersim/study/validation.hpp"

namespace wafersim {

[[nodiscard]] std::vector<ValidationPoint> simulated_collectives();
[[nodiscard]] std::vector<ValidationPoint> modelled_collectives();
[[nodiscard]] std::vector<ValidationPoint> single_pe();
[[nodiscard]] std::vector<ValidationPoint> ladder();
[[nodiscard]] std::vector<ValidationPoint> matrix_products();
[[nodiscard]] std::vector<ValidationPoint> stencils();
[[nodiscard]] std::vector<ValidationPoint> fourier_transforms();
[[nodiscard]] std::vector<ValidationPoint> training_steps();

}  // namespace wafersim
