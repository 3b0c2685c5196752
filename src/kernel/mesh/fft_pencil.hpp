// The Fourier transform of a pencil of complex numbers inside one PE, FP32, by constant geometry (Pease,
// 1968): every stage reads the two halves of the pencil and writes pairs, so that each of its eight vector
// instructions walks along whole vectors.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <vector>

#include "wafersim/mesh/engine.hpp"

#include "operands.hpp"

namespace wafersim {

inline constexpr std::uint32_t kComplexWords = 2;  // real part, imaginary part, side by side

// The number whose binary digits, as many as numbers below `points` need, are those of `number` in the
// opposite order. `points`: a power of two.
[[nodiscard]] std::uint32_t reversed_bits(std::uint32_t number, std::uint32_t points);

class PencilFft {
 public:
  // Places two pencils, work space and the table of roots of unity. `points`: a power of two, at least 2.
  PencilFft(std::uint32_t points, PeMemory& memory);

  [[nodiscard]] std::uint32_t points() const { return points_; }
  [[nodiscard]] std::uint32_t stages() const { return stages_; }
  [[nodiscard]] std::uint32_t pencil(std::uint32_t buffer) const { return pencils_[buffer]; }  // address
  // Transforms the pencil in `buffer` and says which buffer then holds the result: frequency f lies at
  // position reversed_bits(f, points()).
  [[nodiscard]] std::uint32_t transform(std::vector<Instruction>& body, std::uint32_t buffer) const;
  void load_roots(MeshEngine& engine, PeAt at) const;

 private:
  void add_stage(std::vector<Instruction>& body, std::uint32_t stage, std::uint32_t from,
                 std::uint32_t to) const;

  std::uint32_t points_, stages_;
  std::array<std::uint32_t, 2> pencils_{};
  std::uint32_t difference_{};
  std::uint32_t cosines_{}, sines_{}, minus_sines_{};  // of 2 pi j / points, j < points / 2
};

}  // namespace wafersim
