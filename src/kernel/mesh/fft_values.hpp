// The plain discrete Fourier transform that results of the kernels are compared with.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

namespace wafersim {

using Spectrum = std::vector<std::complex<double>>;

// Replaces every line of `points` values along an axis by its transform, sum by sum: values of a line lie
// `stride` apart.
void transform_axis(Spectrum& values, std::uint32_t points, std::size_t stride);

// How far an FP32 spectrum is from the plain one, all frequencies together.
class SpectrumError {
 public:
  void add(std::complex<double> expected, std::complex<double> found);
  // Whether rounding may be the reason. In a stage of butterflies, a difference and a sum round by half a
  // unit in the last place, the product of complex numbers by sqrt(5) such halves at most (Brent, Percival,
  // Zimmermann, 2007), and its root by one: less than 5 in all, of the Euclidean norm, which the stage itself
  // only scales.
  [[nodiscard]] bool within(std::uint32_t stages) const;

 private:
  double off_{}, size_{};  // squares of the norms
};

}  // namespace wafersim
