// How vector instructions are wrapped into tasks, and what that wrapping costs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wafersim/mesh/parameters.hpp"
#include "wafersim/mesh/program.hpp"

namespace wafersim {

// Scalar instructions that a compiled task runs around its vector instruction: entry, descriptors, time
// stamp. The one stated fit of the kernels: a chain of 4 PEs and 16 elements takes 95 cycles in the vendor's
// simulator (Luczynski et al., HPDC'24), 61 more than its mechanism; with 4 cycles of dispatch, 6 of start-up
// and 1 to activate the closing task, 2·25 remain. Everything else follows.
inline constexpr std::uint32_t kTaskScalars = 25;
// What a program runs more for each level of the tree and each step of the ring: it counts.
inline constexpr std::uint32_t kCountScalars = 1;

enum class ProgramStyle : std::uint8_t {
  bare,     // the instructions alone: measured from outside
  timed,    // one task with all instructions, then a closing task that notes the time
  counted,  // the same, and each instruction is counted
  // Counted, and in turn on some microthreads, so that one starts up while another works. The last
  // instruction of microthread i activates task 1 + i.
  tracks,
  by_level,  // one task per instruction, then the closing one
};

struct StyleCosts {
  std::uint64_t start{};    // cycles before the first beat
  std::uint64_t between{};  // between the end of one instruction and the first beat of the next
  std::uint64_t finish{};   // after the last beat
};
[[nodiscard]] StyleCosts costs_of(ProgramStyle style, const MeshParameters& parameters);

[[nodiscard]] Program make_program(const std::string& name, std::uint32_t memory_bytes, ProgramStyle style,
                                   const std::vector<VectorInstruction>& steps);

}  // namespace wafersim
