// The product of two tiles on one core, as the published program computes it: for each of the inner
// dimension's elements one vector instruction, which the hardware repeats over the columns of the result.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/mesh/parameters.hpp"
#include "wafersim/mesh/program.hpp"

namespace wafersim {

// Scalar instructions, counted from the published source of MeshGEMM and MeshGEMV (WaferLLM, OSDI'25) with
// the costs that single_pe.cpp uses: four to load a descriptor (two loads, two writes), four to advance an
// address (load, add, store, write), two to set one (load, write). The compiler's own code is not public.
inline constexpr std::uint32_t kLoadDescriptor = 4;
inline constexpr std::uint32_t kAdvanceAddress = 4;
inline constexpr std::uint32_t kSetAddress = 2;
inline constexpr std::uint32_t kRepeatSetUp = 2;  // its length and start
inline constexpr std::uint32_t kLoopEnd = 3;      // count, compare, branch
// One element of the inner dimension: the sum's address is set, the sum (as destination and as source), the
// left column and the right row are loaded, the latter two advance.
inline constexpr std::uint32_t kInnerScalars =
    kSetAddress + 4 * kLoadDescriptor + 2 * kAdvanceAddress + kRepeatSetUp + kLoopEnd;

// Left tile: `m` x `k`, column by column; right: `k` x `n`, row by row; sum: `m` x `n`, column by column.
struct TileProduct {
  std::uint32_t m{}, k{}, n{};
  std::uint32_t left{}, right{}, sum{};  // byte addresses
  Precision precision = Precision::f16;
};

// sum += left column i times right row i, as one repeated instruction.
[[nodiscard]] VectorInstruction inner_product_row(const TileProduct& tile, std::uint32_t i);
[[nodiscard]] std::vector<Instruction> tile_product(const TileProduct& tile);

// Cycles that the beats of an instruction keep the datapath.
[[nodiscard]] std::uint64_t datapath_cycles(const VectorInstruction& it, const MeshParameters& parameters);

// Cycles of a task whose instructions never wait: scalar code, start-up and beats. Those that it hands to a
// microthread cost it the handing over.
[[nodiscard]] std::uint64_t busy_cycles(const std::vector<Instruction>& body,
                                        const MeshParameters& parameters);

// Scalar code of an outer step around the product.
[[nodiscard]] std::uint32_t step_scalars();

// What the same takes on the datapath while other threads have `others` beats to run beside it: they fill the
// cycles that the task does not use, and take turns with its beats.
struct TileTime {
  std::uint64_t cycles{};
  std::uint64_t others_left{};
};
[[nodiscard]] TileTime tile_product_time(const TileProduct& tile, std::uint64_t others,
                                         const MeshParameters& parameters);

}  // namespace wafersim
