// The published cycle models of collectives. source: Luczynski et al., "Near-Optimal Wafer-Scale Reduce",
// HPDC'24, arXiv 2404.15888; P PEs, B wavelets each, `ramp` cycles between core and router.
#pragma once

#include <algorithm>
#include <bit>

namespace wafersim::published {

[[nodiscard]] constexpr double broadcast(double p, double b, double ramp) {
  return b + p + 2 * ramp;
}
[[nodiscard]] constexpr double star(double p, double b, double ramp) {
  return b * (p - 1) + 2 * ramp + 1;
}
[[nodiscard]] constexpr double chain(double p, double b, double ramp) {
  return b + (2 * ramp + 2) * (p - 1);
}
// For powers of two.
[[nodiscard]] constexpr double tree(unsigned p, double b, double ramp) {
  const double levels = std::bit_width(p) - 1;
  return std::max(b * levels, b * p * levels / (2.0 * (p - 1)) + p - 1) + (2 * ramp + 1) * levels;
}
[[nodiscard]] constexpr double two_phase(unsigned p, unsigned group, double b, double ramp) {
  const double groups = (p + group - 1) / group;
  return 2 * b + p - 1 + (2 * ramp + 1) * (group - 1 + groups - 1);
}
[[nodiscard]] constexpr double ring_allreduce(double p, double b, double ramp) {
  return 2 * (p - 1) * b / p + 4 * p - 6 + 2 * (p - 1) * (2 * ramp + 1);
}
[[nodiscard]] constexpr double broadcast_2d(double m, double n, double b, double ramp) {
  return b + m + n - 2 + 2 * ramp + 1;
}

}  // namespace wafersim::published
