// Matrix-vector product: rows of the grid own outputs, columns own inputs; each PE multiplies its tile, then
// every row adds its partial vectors up and spreads the sum.
//   gemv.pipeline: one chain from the east end to the west end, then a broadcast (the vendor's).
//   gemv.ktree:    chains from both sides to the middle of each group, chains of the groups' middles to the
//   middle
//                  one, then a broadcast both ways (K = 2; WaferLLM, OSDI'25).
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "wafersim/mesh/timing.hpp"

#include "matrix_kernels.hpp"
#include "operands.hpp"
#include "row_chain.hpp"
#include "tile_product.hpp"

namespace wafersim {
namespace {

constexpr std::array<Color, 9> kColors{Color{0}, Color{1}, Color{2}, Color{3}, Color{4},
                                       Color{5}, Color{6}, Color{7}, Color{8}};
constexpr std::uint32_t kEntryScalars = 8;  // compare and count the repetitions, branch, call twice

using Columns = std::vector<std::uint32_t>;

// From `from` to `to`, both included, by `step` columns.
Columns columns_between(std::uint32_t from, std::uint32_t to, std::uint32_t step = 1) {
  Columns columns{from};
  while (columns.back() != to) columns.push_back(from < to ? columns.back() + step : columns.back() - step);
  return columns;
}

void add_pipeline(RowChain& chain) {
  chain.add_chain(columns_between(chain.size() - 1, 0), kColors[0], kColors[1]);
  chain.add_broadcast(0, kColors[2]);
}

void add_ktree(RowChain& chain, std::uint32_t group) {
  Columns roots;
  for (std::uint32_t begin = 0; begin < chain.size(); begin += group) {
    const std::uint32_t last = std::min(begin + group, chain.size()) - 1;
    roots.push_back((begin + last + 1) / 2);
    chain.add_chain(columns_between(begin, roots.back()), kColors[0], kColors[1]);
    chain.add_chain(columns_between(last, roots.back()), kColors[2], kColors[3]);
  }
  const auto middle = static_cast<std::ptrdiff_t>(roots.size() / 2);
  chain.add_chain(Columns{roots.begin(), roots.begin() + middle + 1}, kColors[4], kColors[5]);
  chain.add_chain(Columns{roots.rbegin(), roots.rend() - middle}, kColors[6], kColors[7]);
  chain.add_broadcast(roots[static_cast<std::size_t>(middle)], kColors[8]);
}

}  // namespace

MeshKernel make_gemv(const MatrixRequest& request) {
  const auto columns = static_cast<std::uint32_t>(request.grid.columns);
  const auto rows = static_cast<std::uint32_t>(request.grid.rows);
  const std::uint32_t inner = divide_up(request.k, columns);
  const std::uint32_t outer = divide_up(request.n, rows);
  PeMemory memory;
  const std::uint32_t matrix = memory.place(inner * outer * kHalfBytes);
  const std::uint32_t vector = memory.place(inner * kHalfBytes);
  const std::uint32_t result = memory.place(outer * kHalfBytes);
  memory.check(request.parameters, fmt::format("a tile of {} x {} FP16 and its vectors", inner, outer));

  Layout layout{request.grid, request.parameters};
  RowChain chain{request.grid, layout};
  if (request.kernel == "gemv.pipeline") {
    add_pipeline(chain);
  } else {
    const auto root = static_cast<std::uint32_t>(std::sqrt(static_cast<double>(columns)));
    add_ktree(chain, request.group == 0 ? root : request.group);
  }
  const VectorInstruction clear{
      .precision = Precision::f16, .to = MemoryVector{.address = result}, .a = Immediate{}, .length = outer};
  const VectorInstruction product{.operation = Operation::accumulate,
                                  .precision = Precision::f16,
                                  .to = MemoryVector{.address = result, .period = outer},
                                  .a = MemoryVector{.address = matrix},
                                  .b = MemoryVector{.address = vector, .hold = outer},
                                  .length = inner * outer,
                                  .row = outer};
  const std::uint32_t product_scalars = 4 * kLoadDescriptor + kRepeatSetUp;
  for (std::uint32_t x = 0; x < columns; ++x) {
    std::vector<Instruction> body{ScalarInstructions{kEntryScalars}, clear,
                                  ScalarInstructions{product_scalars}, product};
    for (const Instruction& it : chain.instructions(x, {result, outer})) body.push_back(it);
    layout.program({.x = x, .height = rows}, {.name = request.kernel,
                                              .memory_bytes = memory.used(),
                                              .tasks = {{.name = "product and sum", .body = std::move(body)}},
                                              .entry = TaskId{0}});
  }

  MeshKernel kernel;
  kernel.plan = layout.build();
  kernel.last = all_pes(request.grid);
  kernel.load = [=](MeshEngine& engine) {
    for (const PeAt at : all_pes(request.grid)) {
      write_halves(engine, at, matrix, inner * outer, [&](std::uint32_t i) {
        const std::uint32_t k = at.x * inner + i / outer;
        const std::uint32_t n = at.y * outer + i % outer;
        return k < request.k && n < request.n ? operand(request, 'W', k, n) : 0.0F;
      });
      write_halves(engine, at, vector, inner, [&](std::uint32_t i) {
        const std::uint32_t k = at.x * inner + i;
        return k < request.k ? operand(request, 'x', 0, k) : 0.0F;
      });
    }
  };
  kernel.right = [=](const MeshEngine& engine, const Departures&) {
    for (std::uint32_t y = 0; y < rows; ++y) {
      std::vector<PlainSum> sums(outer);
      for (std::uint32_t k = 0; k < request.k; ++k) {
        const double x = operand(request, 'x', 0, k);
        for (std::uint32_t i = 0; i < outer && y * outer + i < request.n; ++i)
          sums[i].add(x, operand(request, 'W', k, y * outer + i));
      }
      for (std::uint32_t x = 0; x < columns; ++x) {
        const std::vector<float> found = read_halves(engine, {x, y}, result, outer);
        for (std::uint32_t i = 0; i < outer; ++i) {
          if (!sums[i].allows(found[i], request.values, kHalfUnit)) return false;
        }
      }
    }
    return true;
  };
  kernel.compute = kEntryScalars + request.parameters.instruction_startup +
                   datapath_cycles(clear, request.parameters) + product_scalars +
                   request.parameters.accumulate_startup + datapath_cycles(product, request.parameters);
  kernel.closed_form =
      chain.end(std::vector<std::uint64_t>(columns, kernel.compute), {result, outer}, request.parameters);
  return kernel;
}

}  // namespace wafersim
