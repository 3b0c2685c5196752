// spmm: sparse left matrix times dense right matrix, FP32. Columns of the grid own slices of the inner
// dimension with their rows of the dense matrix, rows own rows of the result. Each PE keeps the nonzeros of
// its tile of the sparse matrix as index and value; each costs one vector instruction. Then every row adds up
// its partial results by a chain to the west.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/random.hpp"
#include "wafersim/mesh/timing.hpp"

#include "matrix_kernels.hpp"
#include "operands.hpp"
#include "row_chain.hpp"
#include "tile_product.hpp"

namespace wafersim {
namespace {

constexpr std::uint32_t kIndexBytes = 4;  // two 16-bit indices: row and inner dimension
// A nonzero: load its indices, make two addresses of them (a shift and an add each), set both, load three
// descriptors, next nonzero.
constexpr std::uint32_t kNonzeroScalars = 1 + 2 * 2 + 2 * kSetAddress + 3 * kLoadDescriptor + kLoopEnd;

struct Nonzero {
  std::uint32_t row{}, inner{};  // within the tile
  float value{};
};

class SparseProduct {
 public:
  explicit SparseProduct(const MatrixRequest& request)
      : request_{request}, rows_{divide_up(request.m, rows())}, inner_{divide_up(request.k, columns())} {
    draw();
    std::size_t most = 0;
    for (const auto& tile : tiles_) most = std::max(most, tile.size());
    PeMemory memory;
    const auto nonzeros = static_cast<std::uint32_t>(most);
    dense_ = memory.place(inner_ * request.n * kSingleBytes);
    result_ = memory.place(rows_ * request.n * kSingleBytes);
    values_ = memory.place(std::max(nonzeros, 1U) * kSingleBytes);
    memory.place(nonzeros * kIndexBytes);
    memory_bytes_ = memory.used();
    memory.check(request.parameters, fmt::format("{} x {} dense and {} x {} result elements and {} nonzeros",
                                                 inner_, request.n, rows_, request.n, nonzeros));
  }

  MeshKernel run() const {
    Layout layout{request_.grid, request_.parameters};
    RowChain chain{request_.grid, layout};
    std::vector<std::uint32_t> westward;
    for (std::uint32_t x = columns(); x > 0; --x) westward.push_back(x - 1);
    chain.add_chain(westward, Color{0}, Color{1});
    MeshKernel kernel;
    std::vector<std::vector<std::uint64_t>> busy(rows(), std::vector<std::uint64_t>(columns()));
    for (const PeAt at : all_pes(request_.grid)) {
      std::vector<Instruction> body = product(at);
      for (const Instruction& it : body) busy[at.y][at.x] += cycles_of(it);
      for (const Instruction& it : chain.instructions(at.x, result_vector())) body.push_back(it);
      layout.program(Rectangle::pe(at), {.name = "spmm",
                                         .memory_bytes = memory_bytes_,
                                         .tasks = {{.name = "product", .body = std::move(body)}},
                                         .entry = TaskId{0}});
    }
    for (const auto& row : busy) {
      kernel.compute = std::max(kernel.compute, *std::max_element(row.begin(), row.end()));
      kernel.closed_form = std::max(kernel.closed_form, chain.end(row, result_vector(), request_.parameters));
    }
    kernel.plan = layout.build();
    kernel.last = all_pes(request_.grid);
    kernel.load = [self = *this](MeshEngine& engine) { self.load(engine); };
    kernel.right = [self = *this](const MeshEngine& engine, const Departures&) {
      return self.is_right(engine);
    };
    return kernel;
  }

 private:
  [[nodiscard]] std::uint32_t columns() const { return static_cast<std::uint32_t>(request_.grid.columns); }
  [[nodiscard]] std::uint32_t rows() const { return static_cast<std::uint32_t>(request_.grid.rows); }
  [[nodiscard]] RowVector result_vector() const { return {result_, rows_ * request_.n, Precision::f32}; }
  [[nodiscard]] const std::vector<Nonzero>& tile(PeAt at) const { return tiles_[at.y * columns() + at.x]; }

  // As the mask says; without one each element is kept with the same chance, drawn row by row from the seed.
  void draw() {
    Random random{request_.seed};
    const auto kept = static_cast<std::uint64_t>((1 - request_.sparsity) * 1'000'000);
    tiles_.resize(std::size_t{columns()} * rows());
    for (std::uint32_t m = 0; m < request_.m; ++m) {
      for (std::uint32_t k = 0; k < request_.k; ++k) {
        const bool zero = request_.mask != nullptr ? request_.mask->kept(m, k, k + 1) == 0
                                                   : random.below(1'000'000) >= kept;
        if (zero) continue;
        tiles_[m / rows_ * columns() + k / inner_].push_back(
            {m % rows_, k % inner_, operand(request_, 'A', m, k)});
      }
    }
  }

  [[nodiscard]] std::vector<Instruction> product(PeAt at) const {
    const std::uint32_t row_bytes = request_.n * kSingleBytes;
    std::vector<Instruction> body{VectorInstruction{
        .to = MemoryVector{.address = result_}, .a = Immediate{}, .length = rows_ * request_.n}};
    for (std::uint32_t i = 0; i < tile(at).size(); ++i) {
      const Nonzero& it = tile(at)[i];
      body.push_back(ScalarInstructions{kNonzeroScalars});
      body.push_back(
          VectorInstruction{.operation = Operation::accumulate,
                            .to = MemoryVector{.address = result_ + it.row * row_bytes},
                            .a = MemoryVector{.address = dense_ + it.inner * row_bytes},
                            .b = MemoryVector{.address = values_ + i * kSingleBytes, .hold = request_.n},
                            .length = request_.n});
    }
    return body;
  }

  [[nodiscard]] std::uint64_t cycles_of(const Instruction& it) const {
    if (const auto* scalars = std::get_if<ScalarInstructions>(&it)) return scalars->count;
    const auto& vector = std::get<VectorInstruction>(it);
    return startup_of(vector, request_.parameters) + datapath_cycles(vector, request_.parameters);
  }

  void load(MeshEngine& engine) const {
    for (const PeAt at : all_pes(request_.grid)) {
      write_singles(engine, at, dense_, inner_ * request_.n, [&](std::uint32_t i) {
        const std::uint32_t k = at.x * inner_ + i / request_.n;
        return k < request_.k ? operand(request_, 'B', k, i % request_.n) : 0.0F;
      });
      const auto& nonzeros = tile(at);
      write_singles(engine, at, values_, static_cast<std::uint32_t>(nonzeros.size()),
                    [&](std::uint32_t i) { return nonzeros[i].value; });
    }
  }

  [[nodiscard]] bool is_right(const MeshEngine& engine) const {
    for (std::uint32_t y = 0; y < rows(); ++y) {
      std::vector<PlainSum> sums(std::size_t{rows_} * request_.n);
      for (std::uint32_t x = 0; x < columns(); ++x) {
        for (const Nonzero& it : tile({x, y})) {
          for (std::uint32_t n = 0; n < request_.n; ++n)
            sums[it.row * request_.n + n].add(it.value, operand(request_, 'B', x * inner_ + it.inner, n));
        }
      }
      const std::vector<float> found = read_singles(engine, {0, y}, result_, rows_ * request_.n);
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (!sums[i].allows(found[i], request_.values, kSingleUnit)) return false;
      }
    }
    return true;
  }

  MatrixRequest request_;
  std::uint32_t rows_, inner_;
  std::vector<std::vector<Nonzero>> tiles_;  // by PE, row by row
  std::uint32_t dense_{}, result_{}, values_{}, memory_bytes_{};
};

}  // namespace

MeshKernel make_spmm(const MatrixRequest& request) {
  return SparseProduct{request}.run();
}

}  // namespace wafersim
