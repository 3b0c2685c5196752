// Fourier transforms of complex FP32 numbers, n points along each axis, n a power of two.
//   fft.plane: each row of n PEs transforms a plane of n x n: a pencil in each PE.
//   fft.cube:  n x n PEs transform a cube: a pencil in each (wsFFT; Orenes-Vera et al., arXiv 2209.15040).
// Each axis in turn: every PE transforms its pencil; then the lines of PEs along the next axis transpose.
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"

#include "fft_pencil.hpp"
#include "fft_transpose.hpp"
#include "fft_values.hpp"
#include "matrix_kernels.hpp"
#include "operands.hpp"
#include "tile_product.hpp"

namespace wafersim {
namespace {

// Programs of 64 x 64 PEs take 2 GB of the host, and those of 128 x 128 eight times as much.
constexpr std::uint32_t kLargestCube = 64;

class Fft {
 public:
  explicit Fft(const MatrixRequest& request)
      : request_{request}, cube_{request.kernel == "fft.cube"}, pencil_{request.m, memory_} {
    memory_.check(
        request.parameters,
        fmt::format("two pencils of {} complex FP32 numbers, differences and roots of unity", request.m),
        "transform fewer points");
  }

  MeshKernel run() const {
    MeshKernel kernel;
    add_times(kernel);
    if (cube_ && request_.m > kLargestCube) {
      kernel.no_program = fmt::format(
          "each PE of fft.cube has a program of its own, so it runs with up to {0} x {0} PEs, got {1}; "
          "--fidelity flow gives the closed form, and fft.plane runs one row",
          kLargestCube, spell(request_.grid));
      return kernel;
    }
    Layout layout{request_.grid, request_.parameters};
    along_rows_.paint(layout, request_.grid);
    if (cube_) along_columns_.paint(layout, request_.grid);
    for (std::uint32_t x = 0; x < request_.m; ++x) {
      if (!cube_) layout.program({.x = x, .height = rows()}, program({x, 0}));
      for (std::uint32_t y = 0; cube_ && y < rows(); ++y)
        layout.program(Rectangle::pe({x, y}), program({x, y}));
    }
    kernel.plan = layout.build();
    kernel.last = all_pes(request_.grid);
    kernel.load = [self = *this](MeshEngine& engine) { self.load(engine); };
    kernel.right = [self = *this](const MeshEngine& engine, const Departures&) {
      return self.is_right(engine);
    };
    kernel.rows_judged_alone = !cube_;
    return kernel;
  }

 private:
  [[nodiscard]] std::uint32_t rows() const { return static_cast<std::uint32_t>(request_.grid.rows); }
  [[nodiscard]] std::uint32_t axes() const { return cube_ ? 3 : 2; }

  void add_times(MeshKernel& kernel) const {
    std::vector<Instruction> one;
    (void)pencil_.transform(one, 0);
    kernel.compute = axes() * busy_cycles(one, request_.parameters);
    kernel.closed_form =
        kernel.compute + (axes() - 1) * line_transpose_cycles(request_.m, request_.parameters);
  }

  // The instructions of a PE, and the buffer that holds its result.
  std::uint32_t add_all(std::vector<Instruction>& body, PeAt at) const {
    std::uint32_t buffer = pencil_.transform(body, 0);
    const auto transpose = [&](const LineTranspose& line, std::uint32_t place) {
      line.add_steps(body, place, pencil_.pencil(buffer), pencil_.pencil(1 - buffer));
      buffer = pencil_.transform(body, 1 - buffer);
    };
    transpose(along_rows_, at.x);
    if (cube_) transpose(along_columns_, at.y);
    return buffer;
  }

  [[nodiscard]] Program program(PeAt at) const {
    std::vector<Instruction> body;
    (void)add_all(body, at);
    return {.name = request_.kernel,
            .memory_bytes = memory_.used(),
            .tasks = {{.name = "transform", .body = std::move(body)}},
            .entry = TaskId{0}};
  }

  // The number at place z of the pencil in a PE.
  [[nodiscard]] std::complex<float> input(PeAt at, std::uint32_t z) const {
    const std::uint32_t pencil = at.y * request_.m + at.x;
    return {operand(request_, 'r', pencil, z), operand(request_, 'i', pencil, z)};
  }

  void load(MeshEngine& engine) const {
    for (const PeAt at : all_pes(request_.grid)) {
      pencil_.load_roots(engine, at);
      write_singles(engine, at, pencil_.pencil(0), kComplexWords * request_.m, [&](std::uint32_t i) {
        const std::complex<float> number = input(at, i / kComplexWords);
        return i % kComplexWords == 0 ? number.real() : number.imag();
      });
    }
  }

  [[nodiscard]] bool is_right(const MeshEngine& engine) const {
    if (cube_) return is_right_from(engine, 0, request_.m);
    for (std::uint32_t y = 0; y < rows(); ++y) {
      if (engine.keeps_values({0, y}) && !is_right_from(engine, y, 1)) return false;
    }
    return true;
  }

  // Compares the transform of `depth` rows of pencils from `row` on: a plane (1) or the cube. Before, PE
  // (x, y) has (x, y, z) at place z; behind, PE (z, x) of the cube has the frequency (x, y, z) at the place
  // of y, and PE z of a row that of (x, z) at the place of x.
  [[nodiscard]] bool is_right_from(const MeshEngine& engine, std::uint32_t row, std::uint32_t depth) const {
    const std::uint32_t n = request_.m;
    const auto index = [&](std::uint32_t x, std::uint32_t y, std::uint32_t z) {
      return (std::size_t{x} * depth + y) * n + z;
    };
    const auto each = [&](auto&& visit) {
      for (std::uint32_t x = 0; x < n; ++x) {
        for (std::uint32_t y = 0; y < depth; ++y) {
          for (std::uint32_t z = 0; z < n; ++z) visit(x, y, z);
        }
      }
    };
    Spectrum expected(index(n, 0, 0));
    each([&](std::uint32_t x, std::uint32_t y, std::uint32_t z) {
      expected[index(x, y, z)] = input({x, row + y}, z);
    });
    transform_axis(expected, n, index(0, 0, 1));
    transform_axis(expected, n, index(1, 0, 0));
    if (cube_) transform_axis(expected, n, index(0, 1, 0));

    std::vector<Instruction> ignored;
    const std::uint32_t result = pencil_.pencil(add_all(ignored, {}));
    const auto found = [&](PeAt at, std::uint32_t frequency) -> std::complex<double> {
      const std::uint32_t place = reversed_bits(frequency, request_.m);
      const std::vector<float> parts =
          read_singles(engine, at, result + place * kComplexWords * kSingleBytes, kComplexWords);
      return {parts[0], parts[1]};
    };
    SpectrumError error;
    each([&](std::uint32_t x, std::uint32_t y, std::uint32_t z) {
      error.add(expected[index(x, y, z)], cube_ ? found({z, x}, y) : found({z, row}, x));
    });
    return error.within(axes() * pencil_.stages());
  }

  MatrixRequest request_;
  bool cube_;
  PeMemory memory_;
  PencilFft pencil_;
  LineTranspose along_rows_{request_.m, Axis::row, 0};
  LineTranspose along_columns_{request_.m, Axis::column, 4};
};

void check(const MatrixRequest& request) {
  Problems problems;
  const std::uint32_t n = request.m;
  const bool cube = request.kernel == "fft.cube";
  if (n < 2 || !std::has_single_bit(n))
    problems.add({}, "--size", fmt::format("{} needs a power of two from 2 on, got {}", request.kernel, n));
  if (request.grid.columns != n || (cube && request.grid.rows != n)) {
    problems.add(
        {}, "--grid",
        fmt::format("{} with {} points along each axis needs {} PEs, got {}", request.kernel, n,
                    cube ? fmt::format("{0} x {0}", n) : fmt::format("rows of {}", n), spell(request.grid)));
  }
  problems.throw_if_any();
}

}  // namespace

MeshKernel make_fft(const MatrixRequest& request) {
  check(request);
  return Fft{request}.run();
}

}  // namespace wafersim
