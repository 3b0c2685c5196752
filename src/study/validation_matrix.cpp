// Matrix kernels and stencils against what was measured on WSE-2. The name of each point says how it was
// simulated: "wavelet": the whole grid, every wavelet; "stepwise": grids of up to 24 x 24 PEs at wavelet
// resolution, continued by equal steps; "one row: wavelet": one row of the grid, and what its columns do
// taken from it.
#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/kernel/mesh/matrix.hpp"
#include "wafersim/kernel/mesh/stepwise.hpp"

#include "study/validation_groups.hpp"

namespace wafersim {
namespace {

constexpr double kStep = 10;  // percent
constexpr double kTotal = 15;
constexpr double kWide = 25;

constexpr const char* kDifference =
    "communication is the small difference of total and compute, which both keep their own bounds; what the "
    "vendor's library costs a step of SUMMA is known for one broadcast only";

struct SimulatedCycles {
  std::uint64_t total{}, compute{};
};

SimulatedCycles run(const MatrixRequest& request) {
  const MeshKernel kernel = make_matrix_kernel(request);
  const auto engine = make_fast_engine(kernel.plan);
  const MeshKernelResult result = run_mesh_kernel(kernel, *engine);
  if (!result.values_match) throw InternalFault{request.kernel + " gave wrong values"};
  return {result.cycles, kernel.compute};
}

struct Measured {
  std::uint32_t pes{};
  double total{}, communication{};
  double communication_bound = kTotal;  // wider where it is a known gap
};

void add(std::vector<ValidationPoint>& points, const std::string& what, const Measured& measured,
         const SimulatedCycles& simulated) {
  points.push_back({what, measured.total, static_cast<double>(simulated.total), kTotal, ""});
  points.push_back({"  of it communication", measured.communication,
                    static_cast<double>(simulated.total - simulated.compute), measured.communication_bound,
                    measured.communication_bound > kTotal ? kDifference : ""});
}

void add_gemv(std::vector<ValidationPoint>& points, const std::string& kernel,
              const std::vector<Measured>& measured) {
  for (const Measured& it : measured) {
    add(points, fmt::format("{}, {}x{} PEs (wavelet)", kernel, it.pes, it.pes), it,
        run({.kernel = kernel, .grid = {it.pes, it.pes}, .k = 4096, .n = 4096}));
  }
}

void add_gemm(std::vector<ValidationPoint>& points, const std::string& kernel,
              const std::vector<Measured>& measured) {
  for (const Measured& it : measured) {
    const StepwiseGemm simulated = stepwise_gemm(kernel, it.pes, 2160 / it.pes);
    add(points, fmt::format("{}, {}x{} PEs (stepwise)", kernel, it.pes, it.pes), it,
        {simulated.cycles, simulated.compute});
  }
}

std::vector<ValidationPoint> tile_products() {
  struct Point {
    std::uint32_t tile;
    double cycles;
  };
  std::vector<ValidationPoint> points;
  for (const Point& p : {Point{3, 170}, {4, 252}, {6, 410}, {8, 667}, {12, 1349}, {16, 2959}, {24, 8447}}) {
    points.push_back({fmt::format("outer step, FP16 tiles of {} (wavelet)", p.tile), p.cycles,
                      static_cast<double>(tile_product_cycles(p.tile)), kStep, ""});
  }
  return points;
}

}  // namespace

std::vector<ValidationPoint> matrix_products() {
  std::vector<ValidationPoint> points = tile_products();
  add_gemv(points, "gemv.pipeline",
           {{120, 1579, 905}, {240, 2000, 1767}, {360, 2454, 2328}, {480, 3200, 3102}, {600, 4213, 4131}});
  add_gemv(points, "gemv.ktree",
           {{120, 1046, 372}, {240, 739, 506}, {360, 661, 535}, {480, 772, 674}, {600, 915, 832}});
  add_gemm(points, "gemm.summa",
           {{180, 337'908, 95'026},
            {360, 296'478, 148'849, kWide},
            {540, 339'355, 203'238, kWide},
            {720, 397'856, 275'181, kWide}});
  add_gemm(points, "gemm.cannon",
           {{180, 372'193, 129'282},
            {360, 265'426, 117'797, kWide},
            {540, 264'321, 128'176},
            {720, 289'842, 167'168}});
  add_gemm(points, "gemm.mesh",
           {{180, 293'897, 51'015, kWide},
            {360, 186'734, 39'105},
            {540, 168'359, 32'243, kWide},
            {720, 172'612, 49'938}});
  return points;
}

std::vector<ValidationPoint> stencils() {
  constexpr std::uint32_t kCells = 1000;
  const double measured = 754.0 * 850e6 / 1e7;  // cycles a step
  // An inner PE does the same on every grid from 9 x 9 on; who is nearer to a border does less.
  const SimulatedCycles simulated = run({.kernel = "stencil.25pt", .grid = {20, 20}, .m = kCells});
  return {{"stencil.25pt, 1000 cells a PE, one step (wavelet)", measured,
           static_cast<double>(simulated.total), kTotal, ""}};
}

// A cube's columns do what its rows do: behind the plane in a row, one more exchange and one more transform.
std::vector<ValidationPoint> fourier_transforms() {
  constexpr std::uint32_t kPoints = 512;
  const double measured = 959e-6 * 850e6;  // cycles
  const SimulatedCycles plane = run({.kernel = "fft.plane", .grid = {kPoints, 1}, .m = kPoints});
  const std::uint64_t exchange = plane.total - plane.compute;
  return {{"fft.cube, 512 cubed on 512x512 PEs (one row: wavelet)", measured,
           static_cast<double>(plane.total + exchange + plane.compute / 2), kTotal, ""}};
}

}  // namespace wafersim
