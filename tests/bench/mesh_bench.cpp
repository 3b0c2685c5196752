// Measures the fast engine on the whole wafer and prints a table; see docs/performance.md for the method.
#include <bit>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "wafersim/kernel/mesh/collective.hpp"

namespace wafersim {
namespace {

constexpr Color kStream{0};
constexpr std::uint32_t kElements = 1024;

// The first PE of each row sends; every other one multiplies each wavelet with an element of its own and
// adds.
MeshPlan broadcast_and_accumulate(GridSize grid, std::uint32_t live_rows) {
  const auto columns = static_cast<std::uint32_t>(grid.columns);
  Layout layout{grid};
  layout.route(kStream, {.height = live_rows}, {{Port::ramp, Port::east}});
  layout.route(kStream, {.x = 1, .width = columns - 2, .height = live_rows},
               {{Port::west, Port::east | Port::ramp}});
  layout.route(kStream, {.x = columns - 1, .height = live_rows}, {{Port::west, Port::ramp}});
  const VectorInstruction send{.to = FabricOutput{kStream}, .a = MemoryVector{}, .length = kElements};
  const VectorInstruction accumulate{.operation = Operation::accumulate,
                                     .to = Register{0},
                                     .a = MemoryVector{},
                                     .b = FabricInput{kStream},
                                     .length = kElements};
  const auto program = [](const char* name, const VectorInstruction& instruction) {
    return Program{.name = name,
                   .memory_bytes = 4 * kElements,
                   .tasks = {{.name = "work", .body = {instruction}}},
                   .entry = TaskId{0}};
  };
  layout.program({.height = live_rows}, program("send", send));
  layout.program({.x = 1, .width = columns - 1, .height = live_rows}, program("accumulate", accumulate));
  return layout.build();
}

struct Measured {
  double cpu_seconds{};
  double wall_seconds{};
  std::uint64_t cycles{};
  double state_bytes{};
};

Measured measure(MeshEngine& engine) {
  const auto wall = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  const MeshOutcome outcome = engine.run();
  Measured result;
  result.cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  result.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  result.cycles = outcome.cycles.count();
  const GridSize grid = engine.plan().grid;
  result.state_bytes =
      static_cast<double>(engine.state_bytes().count()) / static_cast<double>(grid.columns * grid.rows);
  return result;
}

void print(const std::string& what, GridSize grid, const Measured& it) {
  const double pe_cycles = static_cast<double>(it.cycles) * static_cast<double>(grid.columns * grid.rows);
  std::cout << fmt::format("{:<44} {:>8} {:>9.2f} {:>9.2f} {:>12.1f} {:>8.0f} {:>12.2f}\n", what, it.cycles,
                           it.cpu_seconds, it.wall_seconds, pe_cycles / it.cpu_seconds / 1e6, it.state_bytes,
                           1e6 * it.cpu_seconds / static_cast<double>(it.cycles))
            << std::flush;
}

// Between 1 and 2, in FP32.
std::uint32_t any_number(std::uint32_t seed) {
  return std::bit_cast<std::uint32_t>(1.0F + static_cast<float>(seed % 64) / 64);
}

void broadcast(GridSize grid, const FastEngineOptions& options, const std::string& what) {
  const auto engine =
      make_fast_engine(broadcast_and_accumulate(grid, static_cast<std::uint32_t>(grid.rows)), options);
  std::vector<std::uint32_t> words(kElements);
  for (std::uint32_t y = 0; y < grid.rows; ++y) {
    for (std::uint32_t x = 0; x < grid.columns; ++x) {
      for (std::uint32_t k = 0; k < kElements; ++k) words[k] = any_number(x + y + k);
      engine->write_memory({x, y}, 0, words);
    }
  }
  print(what, grid, measure(*engine));
}

void chain(GridSize grid, const FastEngineOptions& options, const std::string& what) {
  const Collective collective =
      make_collective({.kernel = "reduce.chain", .grid = grid, .length = kElements});
  const auto engine = make_fast_engine(collective.plan, options);
  load_initial_values(collective, *engine);
  print(what, grid, measure(*engine));
  const auto found = engine->read_memory({0, 0}, 0, kElements);
  if (found != collective.expected({0, 0})) std::cout << "WRONG VALUES\n";
}

void one_live_row(GridSize grid, VisitOrder order, const std::string& what) {
  const auto engine = make_fast_engine(broadcast_and_accumulate(grid, 1), {.order = order});
  print(what, grid, measure(*engine));
}

}  // namespace

int bench(GridSize grid) {
  std::cout << fmt::format("{}: {} PEs\n{:<44} {:>8} {:>9} {:>9} {:>12} {:>8} {:>12}\n", spell(grid),
                           grid.columns * grid.rows, "workload", "cycles", "CPU s", "wall s", "MPE-cyc/CPUs",
                           "B/PE", "CPU us/cycle");
  broadcast(grid, {}, "broadcast + multiply-accumulate");
  chain(grid, {}, "chain reduce");
  broadcast(grid, {.threads = 2}, "broadcast, 2 threads");
  chain(grid, {.threads = 2}, "chain reduce, 2 threads");
  broadcast(grid, {.order = VisitOrder::skewed}, "broadcast, whole grid as one skewed band");
  broadcast(grid, {.order = VisitOrder::lockstep}, "broadcast, whole grid in lockstep");
  one_live_row(grid, VisitOrder::automatic, "one live row on the idle wafer");
  one_live_row(grid, VisitOrder::lockstep, "one live row, whole grid in lockstep");
  return 0;
}

}  // namespace wafersim

int main(int argc, char** argv) {
  wafersim::GridSize grid{854, 996};
  if (argc > 1) {
    const auto parsed = wafersim::parse_grid(argv[1]);
    if (!parsed.value) {
      std::cerr << parsed.problem << '\n';
      return 2;
    }
    grid = *parsed.value;
  }
  return wafersim::bench(grid);
}
