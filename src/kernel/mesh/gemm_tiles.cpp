// Cuts the matrices into tiles, and checks their product.
#include "gemm_tiles.hpp"

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/parse.hpp"

#include "operands.hpp"

namespace wafersim {

VectorInstruction GemmTiles::clear_sum() const {
  return {.precision = Precision::f16, .to = MemoryVector{.address = sum}, .a = Immediate{}, .length = m * n};
}

GemmTiles gemm_tiles(const MatrixRequest& request) {
  if (request.grid.columns != request.grid.rows) {
    throw InputError{Problem{
        {},
        "--grid",
        fmt::format("{} needs as many rows as columns, got {}", request.kernel, spell(request.grid))}};
  }
  GemmTiles tiles;
  tiles.pes = static_cast<std::uint32_t>(request.grid.columns);
  tiles.m = divide_up(request.m, tiles.pes);
  tiles.k = divide_up(request.k, tiles.pes);
  tiles.n = divide_up(request.n, tiles.pes);
  PeMemory memory;
  for (std::uint32_t& address : tiles.left) address = memory.place(tiles.left_length() * kHalfBytes);
  for (std::uint32_t& address : tiles.right) address = memory.place(tiles.right_length() * kHalfBytes);
  tiles.sum = memory.place(tiles.m * tiles.n * kHalfBytes);
  tiles.memory_bytes = memory.used();
  memory.check(request.parameters, fmt::format("two FP16 tiles each of {} x {} and {} x {} and their sum",
                                               tiles.m, tiles.k, tiles.k, tiles.n));
  return tiles;
}

void load_gemm(const MatrixRequest& request, const GemmTiles& tiles, MeshEngine& engine,
               const InnerTile& left, const InnerTile& right) {
  for (const PeAt at : all_pes(request.grid)) {
    write_halves(engine, at, tiles.left[0], tiles.left_length(), [&](std::uint32_t i) {
      const std::uint32_t row = at.y * tiles.m + i % tiles.m;
      const std::uint32_t inner = left(at) * tiles.k + i / tiles.m;
      return row < request.m && inner < request.k ? operand(request, 'A', row, inner) : 0.0F;
    });
    write_halves(engine, at, tiles.right[0], tiles.right_length(), [&](std::uint32_t i) {
      const std::uint32_t inner = right(at) * tiles.k + i / tiles.n;
      const std::uint32_t column = at.x * tiles.n + i % tiles.n;
      return inner < request.k && column < request.n ? operand(request, 'B', inner, column) : 0.0F;
    });
  }
}

bool gemm_is_right(const MatrixRequest& request, const GemmTiles& tiles, const MeshEngine& engine) {
  for (const PeAt at : all_pes(request.grid)) {
    const std::vector<float> found = read_halves(engine, at, tiles.sum, tiles.m * tiles.n);
    for (std::uint32_t i = 0; i < found.size(); ++i) {
      const std::uint32_t row = at.y * tiles.m + i % tiles.m;
      const std::uint32_t column = at.x * tiles.n + i / tiles.m;
      PlainSum sum;
      for (std::uint32_t k = 0; k < request.k && row < request.m && column < request.n; ++k)
        sum.add(operand(request, 'A', row, k), operand(request, 'B', k, column));
      if (!sum.allows(found[i], request.values, kHalfUnit)) return false;
    }
  }
  return true;
}

}  // namespace wafersim
