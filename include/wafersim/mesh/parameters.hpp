// What one PE and one router cost and hold: every number of the mesh model, each with its source.
#pragma once

#include <cstdint>

namespace wafersim {

struct MeshParameters {
  // Router. sources: Luczynski et al., HPDC'24 (ramp 2 cycles each way, one 32-bit wavelet per link,
  // direction and cycle); Cerebras SDK documentation (24 colors, 4 switch positions); US10515303 (2 entries a
  // color).
  std::uint32_t colors = 24;
  std::uint32_t switch_positions = 4;
  std::uint32_t router_queue_depth = 2;
  std::uint32_t ramp_cycles = 2;
  // Core queues. sources: Cerebras SDK examples (8 input, 6 output queues, 8 microthreads); the depths are
  // unpublished (assumption). The registers of the ramp hold `ramp_cycles` wavelets on top of each depth.
  std::uint32_t input_queues = 8;
  std::uint32_t output_queues = 6;
  std::uint32_t input_queue_depth = 4;
  std::uint32_t output_queue_depth = 2;
  std::uint32_t microthreads = 8;
  // Memory. source: Hot Chips 34 (48 KB in 8 banks of 32 bits). The reserve for code is an assumption.
  std::uint32_t memory_bytes = 49'152;
  std::uint32_t code_reserve_bytes = 4'096;
  std::uint32_t banks = 8;
  // Vector instructions. sources: measured on WSE-2: 1,028 elements take 1,034 cycles, with a bank conflict
  // 2,062 (SpMM on CS-2 benchmarks); f32 multiply-accumulate into memory 2n + 10 for the instruction alone.
  std::uint32_t instruction_startup = 6;
  std::uint32_t accumulate_startup = 10;
  std::uint32_t bank_conflict_cycles = 2;
  std::uint32_t f32_accumulate_cycles = 2;
  // One more cycle every so many elements of that instruction. The one stated fit: 38, 87, 155 and 294 cycles
  // measured at 8, 32, 64 and 128 elements have a slope of 2.04 to 2.17, not 2.
  std::uint32_t accumulate_turn_elements = 8;
  // Two 64-bit reads in one cycle lie in opposite halves of so many bytes, else they take
  // `bank_conflict_cycles`. source: Cerebras SDK documentation (for full width, the two addresses differ by 4
  // modulo 8 16-bit words).
  std::uint32_t wide_read_turn_bytes = 16;
  // Between two rows of an instruction that the hardware repeats. Unpublished; from the compute cycles of the
  // WaferLLM GEMM (OSDI'25) at tiles of 8, 16 and 24: their differences leave 0.97 a row.
  std::uint32_t row_turn = 1;
  // Elements a cycle. sources: Cerebras SDK documentation (4 FP16 multiply-adds), Rocki et al., SC'20 (2
  // mixed).
  std::uint32_t f16_lanes = 4;
  std::uint32_t mixed_lanes = 2;
  // Tasks. Unpublished (assumption): from choosing a task to its first instruction; less when the same data
  // task runs again.
  std::uint32_t task_dispatch = 4;
  std::uint32_t repeat_dispatch = 2;
  // Start-up of an instruction whose descriptors are in registers already (assumption: it is only issued).
  std::uint32_t loaded_startup = 1;
  // source: Hot Chips 34 (44 descriptor registers a core).
  std::uint32_t descriptor_registers = 44;
  // An instruction that commits a slot of a FIFO, blocks or unblocks a task, or hands a vector instruction to
  // a microthread.
  std::uint32_t control_cycles = 1;
};

}  // namespace wafersim
