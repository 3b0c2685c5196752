// Writes the instructions, and adds up their beats.
#include "tile_product.hpp"

#include <algorithm>

#include "wafersim/kernel/mesh/matrix.hpp"
#include "wafersim/mesh/timing.hpp"

#include "operands.hpp"

namespace wafersim {
namespace {

// Scalar code of an outer step around the product: block the task, swap two pairs of buffers (three moves of
// two instructions each), compare and branch, set two addresses and two lengths, set the loop up, count the
// step, activate the next. Dispatching the task comes on top.
constexpr std::uint32_t kStepScalars = 1 + 2 * 3 * 2 + 2 + 2 * 2 + 2 * 2 + 2 + 3 + 1;

}  // namespace

VectorInstruction inner_product_row(const TileProduct& tile, std::uint32_t i) {
  const std::uint32_t bytes = source_bytes(tile.precision);
  return {.operation = Operation::accumulate,
          .precision = tile.precision,
          .to = MemoryVector{.address = tile.sum},
          .a = MemoryVector{.address = tile.left + i * tile.m * bytes, .period = tile.m},
          .b = MemoryVector{.address = tile.right + i * tile.n * bytes, .hold = tile.m},
          .length = tile.m * tile.n,
          .row = tile.m};
}

std::vector<Instruction> tile_product(const TileProduct& tile) {
  std::vector<Instruction> body;
  for (std::uint32_t i = 0; i < tile.k; ++i) {
    body.push_back(ScalarInstructions{kInnerScalars});
    body.push_back(inner_product_row(tile, i));
  }
  return body;
}

TileTime tile_product_time(const TileProduct& tile, std::uint64_t others, const MeshParameters& parameters) {
  TileTime time{0, others};
  for (std::uint32_t i = 0; i < tile.k; ++i) {
    const VectorInstruction it = inner_product_row(tile, i);
    const std::uint64_t idle = kInnerScalars + startup_of(it, parameters);
    time.cycles += idle;
    time.others_left -= std::min(time.others_left, idle);
    const std::uint32_t lanes = lanes_of(it, parameters);
    for (std::uint32_t e = 0; e < it.length; e += beat_elements(it, e, lanes)) {
      time.cycles += beat_cycles(it, e, parameters, {});
      if (time.others_left == 0) continue;
      --time.others_left;
      ++time.cycles;
    }
  }
  return time;
}

std::uint64_t datapath_cycles(const VectorInstruction& it, const MeshParameters& parameters) {
  std::uint64_t cycles = 0;
  const std::uint32_t lanes = lanes_of(it, parameters);
  for (std::uint32_t e = 0; e < it.length; e += beat_elements(it, e, lanes))
    cycles += beat_cycles(it, e, parameters, {});
  return cycles;
}

std::uint64_t busy_cycles(const std::vector<Instruction>& body, const MeshParameters& parameters) {
  std::uint64_t cycles = 0;
  for (const Instruction& instruction : body) {
    if (const auto* scalars = std::get_if<ScalarInstructions>(&instruction)) cycles += scalars->count;
    const auto* it = std::get_if<VectorInstruction>(&instruction);
    if (it == nullptr) continue;
    cycles += it->thread ? parameters.control_cycles
                         : startup_of(*it, parameters) + datapath_cycles(*it, parameters);
  }
  return cycles;
}

std::uint32_t step_scalars() {
  return kStepScalars;
}

std::uint64_t tile_product_cycles(std::uint32_t tile, const MeshParameters& parameters) {
  PeMemory memory;
  const std::uint32_t bytes = tile * tile * kHalfBytes;
  const TileProduct product{tile, tile, tile, memory.place(bytes), memory.place(bytes), memory.place(bytes)};
  memory.check(parameters, "two tiles and their product");
  std::vector<Instruction> body{ScalarInstructions{step_scalars()}};
  for (const Instruction& it : tile_product(product)) body.push_back(it);
  Layout layout{{1, 1}, parameters};
  layout.program(Rectangle{}, {.name = "tile product",
                               .memory_bytes = memory.used(),
                               .tasks = {{.name = "begin", .body = {Activate{TaskId{1}}}},
                                         {.name = "outer step", .body = std::move(body)}},
                               .entry = TaskId{0}});
  const auto engine = make_fast_engine(layout.build());
  (void)engine->run();
  return engine->activity({}).last_end - parameters.control_cycles;  // the step begins with its dispatch
}

}  // namespace wafersim
