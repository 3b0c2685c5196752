// Runs a collective over the sizes of the published study and counts how far models and engine are apart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wafersim/kernel/mesh/collective.hpp"

namespace wafersim {

// Powers of the factor, from the first to the last.
struct Powers {
  std::uint32_t first{};
  std::uint32_t last{};
  std::uint32_t factor{};
};

struct SweepPoint {
  std::uint32_t pes{};
  std::uint32_t length{};
  double closed_form_off{};           // percent of the engine's cycles, with sign
  double body{};                      // cycles
  std::optional<double> published{};  // of the body
  [[nodiscard]] double published_off() const { return 100 * (body / *published - 1); }
};

// On a row of `pes`, or on `pes` x `pes` where the kernel works on a whole grid. The star, whose cycles grow
// with the product of both sizes, only up to 150,000.
[[nodiscard]] std::vector<SweepPoint> sweep_models(const std::string& kernel, Powers pes, Powers lengths);

// The closed forms of every kernel are within 4 % of the engine, and the published models, less what is known
// to differ, within 4 % of its body. Fails the running test otherwise.
void expect_models_hold(Powers pes_of_a_row, Powers side_of_a_grid, Powers lengths);

}  // namespace wafersim
