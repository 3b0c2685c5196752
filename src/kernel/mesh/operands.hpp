// Operands of the matrix kernels: what they hold, where a PE keeps them, and how near a result must come.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/kernel/mesh/matrix.hpp"

namespace wafersim {

inline constexpr std::uint32_t kHalfBytes = 2;
inline constexpr std::uint32_t kSingleBytes = 4;

[[nodiscard]] constexpr std::uint32_t divide_up(std::uint32_t a, std::uint32_t b) {
  return (a + b - 1) / b;
}
[[nodiscard]] std::vector<PeAt> all_pes(GridSize grid);

// Element (row, column) of a matrix that the seed and a letter name. Whole numbers lie in [-2, 2], so that
// sums of some thousand products are exact in FP16; fractions are multiples of 1/64 in [-1, 1).
[[nodiscard]] float operand(const MatrixRequest& request, char matrix, std::uint32_t row,
                            std::uint32_t column);

// Places vectors in the memory of a PE one behind the other, each at a multiple of 16 bytes, as aligned
// arrays are.
class PeMemory {
 public:
  std::uint32_t place(std::uint32_t bytes) {
    const std::uint32_t address = used_;
    used_ += divide_up(bytes, 16) * 16;
    return address;
  }
  [[nodiscard]] std::uint32_t used() const { return used_; }
  // Throws DoesNotFit if a PE cannot hold it; `what` names the tiles, `remedy` what to do.
  void check(const MeshParameters& parameters, const std::string& what,
             std::string_view remedy = "use more PEs") const;

 private:
  std::uint32_t used_{};
};

using ElementAt = std::function<float(std::uint32_t index)>;
void write_halves(MeshEngine& engine, PeAt at, std::uint32_t address, std::uint32_t count,
                  const ElementAt& element);
[[nodiscard]] std::vector<float> read_halves(const MeshEngine& engine, PeAt at, std::uint32_t address,
                                             std::uint32_t count);
void write_singles(MeshEngine& engine, PeAt at, std::uint32_t address, std::uint32_t count,
                   const ElementAt& element);
[[nodiscard]] std::vector<float> read_singles(const MeshEngine& engine, PeAt at, std::uint32_t address,
                                              std::uint32_t count);

// A sum of products as the plain computation has it, and how far a rounded one may be from it: each of
// `terms` additions and products rounds by half a unit in the last place of at most the sum of the
// magnitudes.
struct PlainSum {
  double value{};
  double magnitude{};
  std::uint32_t terms{};
  void add(double a, double b) {
    value += a * b;
    magnitude += a * b < 0 ? -a * b : a * b;
    ++terms;
  }
  // `unit`: 2^-11 for FP16, 2^-24 for FP32.
  [[nodiscard]] bool allows(float found, OperandValues values, double unit) const;
};
inline constexpr double kHalfUnit = 1.0 / 2048;
inline constexpr double kSingleUnit = 1.0 / 16'777'216;

}  // namespace wafersim
