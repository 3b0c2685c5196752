// Three runs and a straight line through the last two.
#include "wafersim/kernel/mesh/stepwise.hpp"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/kernel/mesh/matrix.hpp"

namespace wafersim {
namespace {

constexpr std::array<std::uint32_t, 3> kGrids{8, 16, 24};
constexpr double kLargestUnevenness = 0.01;

struct Run {
  std::uint64_t cycles{}, compute{};
};

Run run(const std::string& name, std::uint32_t pes, std::uint32_t tile, const MeshParameters& parameters) {
  const std::uint32_t size = pes * tile;
  const MeshKernel kernel = make_matrix_kernel(
      {.kernel = name, .grid = {pes, pes}, .m = size, .k = size, .n = size, .parameters = parameters});
  const auto engine = make_fast_engine(kernel.plan);
  const MeshKernelResult result = run_mesh_kernel(kernel, *engine);
  if (!result.values_match)
    throw InternalFault{fmt::format("{} on {} x {} PEs gave wrong values", name, pes, pes)};
  return {result.cycles, kernel.compute};
}

}  // namespace

StepwiseGemm stepwise_gemm(const std::string& kernel, std::uint32_t pes, std::uint32_t tile,
                           const MeshParameters& parameters) {
  std::array<Run, kGrids.size()> runs;
  for (std::size_t i = 0; i < kGrids.size(); ++i) runs[i] = run(kernel, kGrids[i], tile, parameters);
  const std::uint64_t first = runs[1].cycles - runs[0].cycles;
  const std::uint64_t second = runs[2].cycles - runs[1].cycles;
  const std::uint64_t more = pes - kGrids[2];
  const std::uint64_t between = kGrids[2] - kGrids[1];
  StepwiseGemm result{.cycles = runs[2].cycles + (second * more + between - 1) / between,
                      .compute = runs[2].compute / kGrids[2] * pes,
                      .unevenness = static_cast<double>(second) / static_cast<double>(first) - 1};
  if (std::abs(result.unevenness) > kLargestUnevenness)
    throw InternalFault{
        fmt::format("the steps of {} are not equal: {} and {} cycles for eight", kernel, first, second)};
  return result;
}

}  // namespace wafersim
