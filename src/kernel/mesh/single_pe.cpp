// Builds and runs them.
#include "wafersim/kernel/mesh/single_pe.hpp"

#include "wafersim/mesh/engine.hpp"

namespace wafersim {
namespace {

// Scalar instructions of a round of the measuring loop: two addresses to advance at four instructions each
// (load, add, store, write to the descriptor), a counter, a branch.
constexpr std::uint32_t kLoopScalars = 10;
constexpr std::uint32_t kMemory = 45'056;

std::uint64_t cycles_of(std::vector<Instruction> body, const MeshParameters& parameters) {
  Layout layout{{1, 1}, parameters};
  layout.program(Rectangle{}, {.name = "single PE",
                               .memory_bytes = kMemory,
                               .tasks = {{.name = "measured", .body = std::move(body)}},
                               .entry = TaskId{0}});
  const auto engine = make_fast_engine(layout.build());
  (void)engine->run();
  return engine->activity({}).last_end;
}

}  // namespace

std::uint64_t vector_cycles(std::uint32_t length, Banks banks, const MeshParameters& parameters) {
  // Round up to a whole turn of the banks, then one word further if the banks shall lie apart.
  const std::uint32_t turn = parameters.banks * 4;
  const std::uint32_t second = (length * 4 + turn - 1) / turn * turn + (banks == Banks::apart ? 4 : 0);
  return cycles_of({VectorInstruction{.operation = Operation::add,
                                      .to = MemoryVector{},
                                      .a = MemoryVector{},
                                      .b = MemoryVector{second},
                                      .length = length}},
                   parameters);
}

std::uint64_t accumulate_cycles(std::uint32_t length, const MeshParameters& parameters) {
  return cycles_of({ScalarInstructions{kLoopScalars}, VectorInstruction{.operation = Operation::accumulate,
                                                                        .to = MemoryVector{4 * length},
                                                                        .a = MemoryVector{},
                                                                        .b = Immediate::f32(1.5F),
                                                                        .length = length}},
                   parameters);
}

}  // namespace wafersim
