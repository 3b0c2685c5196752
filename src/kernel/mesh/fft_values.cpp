// Adds up all products of a line for each frequency, in double precision.
#include "fft_values.hpp"

#include <cmath>
#include <numbers>

#include "operands.hpp"

namespace wafersim {

void transform_axis(Spectrum& values, std::uint32_t points, std::size_t stride) {
  Spectrum roots(points);
  for (std::uint32_t j = 0; j < points; ++j) roots[j] = std::polar(1.0, -2 * std::numbers::pi * j / points);
  Spectrum line(points);
  for (std::size_t begin = 0; begin < values.size(); ++begin) {
    if (begin / stride % points != 0) continue;
    for (std::uint32_t j = 0; j < points; ++j) line[j] = values[begin + j * stride];
    for (std::uint32_t frequency = 0; frequency < points; ++frequency) {
      double real = 0;
      double imaginary = 0;
      for (std::uint32_t j = 0; j < points; ++j) {
        const std::complex<double> root = roots[std::uint64_t{j} * frequency % points];
        real += line[j].real() * root.real() - line[j].imag() * root.imag();
        imaginary += line[j].real() * root.imag() + line[j].imag() * root.real();
      }
      values[begin + frequency * stride] = {real, imaginary};
    }
  }
}

void SpectrumError::add(std::complex<double> expected, std::complex<double> found) {
  off_ += std::norm(found - expected);
  size_ += std::norm(expected);
}

bool SpectrumError::within(std::uint32_t stages) const {
  const double allowed = 5.0 * stages * kSingleUnit;
  return off_ <= allowed * allowed * size_;  // false if something is not a number
}

}  // namespace wafersim
