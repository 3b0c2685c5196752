// What all matrix-matrix kernels share: the tiles of a square grid, where a PE keeps them, and their values.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "wafersim/kernel/mesh/matrix.hpp"

#include "tile_product.hpp"

namespace wafersim {

struct GemmTiles {
  std::uint32_t pes{};  // along each side of the grid
  std::uint32_t m{}, k{}, n{};
  std::array<std::uint32_t, 2> left{}, right{};  // addresses of two buffers each
  std::uint32_t sum{};
  std::uint32_t memory_bytes{};

  [[nodiscard]] std::uint32_t left_length() const { return m * k; }
  [[nodiscard]] std::uint32_t right_length() const { return k * n; }
  [[nodiscard]] TileProduct product(std::uint32_t left_buffer, std::uint32_t right_buffer) const {
    return {m, k, n, left[left_buffer], right[right_buffer], sum};
  }
  [[nodiscard]] VectorInstruction clear_sum() const;
};

// Throws InputError if the grid is not square, DoesNotFit if the tiles exceed a PE.
[[nodiscard]] GemmTiles gemm_tiles(const MatrixRequest& request);

// Which tile of the inner dimension a PE starts with.
using InnerTile = std::function<std::uint32_t(PeAt)>;
void load_gemm(const MatrixRequest& request, const GemmTiles& tiles, MeshEngine& engine,
               const InnerTile& left, const InnerTile& right);
[[nodiscard]] bool gemm_is_right(const MatrixRequest& request, const GemmTiles& tiles,
                                 const MeshEngine& engine);

}  // namespace wafersim
