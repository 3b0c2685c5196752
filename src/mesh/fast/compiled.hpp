// Programs unfolded for the fast engine: operands resolved to numbers, colors to indices into the plan.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/mesh/layout.hpp"
#include "wafersim/mesh/timing.hpp"

namespace wafersim::fast {

inline constexpr std::uint8_t kNoColor = 0xff;
inline constexpr std::uint32_t kNowhere = 0xffff'ffff;

enum class OperandKind : std::uint8_t { memory, fabric, reg, immediate, fifo };
struct Operand {
  OperandKind kind = OperandKind::immediate;
  std::uint8_t color = kNoColor;  // index among the plan's colors
  std::uint8_t reg{};
  std::uint8_t fifo{};
  std::uint8_t shift{};  // of the register
  std::uint32_t bits{};
  MemoryVector memory{};
};

struct CompiledVector {
  VectorInstruction source;
  Operand to, a, b;
  std::uint32_t lanes = 1;
  std::uint32_t startup{};
  std::uint8_t thread = 0;  // 0: the task's own; n: microthread n - 1
  bool brief = false;       // each beat takes one cycle, whatever the addresses
  bool even = false;        // each beat takes as many cycles as the first one
  bool steady = false;      // brief, and all it may wait for is the fabric
  bool local = false;       // waits for nothing: no fabric, no end of a FIFO
  bool compact = false;     // local, and one loop over plain vectors computes it
  bool plain = false;       // f32, no period, no copy: the short way through a beat
  bool control = false;
  bool filters = false;                // zeros stay behind at the ramp
  std::uint8_t reads_fifo = kNoColor;  // its number
  std::uint8_t appends_to = kNoColor;  // number of a FIFO
};

[[nodiscard]] inline bool carries_control(const CompiledVector& vector, std::uint32_t done) {
  return wafersim::carries_control(std::get<FabricOutput>(vector.source.to), done, vector.source.length);
}

enum class StepKind : std::uint8_t { vector, scalar, activate, block, unblock, commit, end };
struct Step {
  StepKind kind = StepKind::end;
  std::uint32_t value{};  // index of a vector instruction, a count, or a task
};

struct CompiledProgram {
  std::vector<CompiledVector> vectors;
  std::vector<Step> steps;
  std::vector<std::uint32_t> task_start;
  std::vector<std::uint8_t> task_color;  // kNoColor unless it is a data task
  std::vector<bool> on_control;          // of a task
  std::vector<bool> passes_control;      // a data task whose color has a control task beside it
  std::uint32_t stay_loaded{};           // tasks, one bit each
  std::vector<Fifo> fifos;
  std::vector<std::uint8_t> thread_slot;  // [0] the task, [1 + microthread]; kNoColor if unused
  std::uint32_t threads = 1;
  std::uint32_t entry = kNowhere;
  std::uint32_t memory_words{};
  bool has_data_tasks = false;
  bool has_registers = false;
};

// The programs of a plan. Those that differ in nothing but their name share one, so that what the cores of a
// row look at in every cycle stays in the host's caches.
struct CompiledPrograms {
  std::vector<CompiledProgram> all;
  std::vector<std::uint16_t> of;  // by number in the plan
};
[[nodiscard]] CompiledPrograms compile(const MeshPlan& plan);

}  // namespace wafersim::fast
