// The exchange of a line of PEs in which each gets one complex number from every other: the transpose of
// pencils between two axes.
//
// First all numbers travel up the line, then all others down. In step k the PEs in front of the one whose
// number is k with its bits reversed send it what lies at position k of their pencil: each its own number
// first, then what comes from behind. That order of the receivers is the one in which PencilFft leaves
// frequencies, and it spreads them evenly over the line at any time: with the farthest or the nearest first,
// one end of the line would wait for the other.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/mesh/layout.hpp"

#include "fft_pencil.hpp"
#include "shift_ring.hpp"
#include "tile_product.hpp"

namespace wafersim {

// Scalar code of a step: whether the receiver lies ahead (load, compare, branch), and the loop.
inline constexpr std::uint32_t kChoiceScalars = 3 + kLoopEnd;
// Around what a PE passes on or takes: two descriptors; around its own number, which has an address, too.
inline constexpr std::uint32_t kPassScalars = 2 * kLoadDescriptor;
inline constexpr std::uint32_t kOwnScalars = kSetAddress + 2 * kLoadDescriptor;

class LineTranspose {
 public:
  // `pes`: a power of two. Takes four colors from `first` on: two that take turns, each way.
  LineTranspose(std::uint32_t pes, Axis axis, std::uint8_t first) : pes_{pes}, axis_{axis}, first_{first} {}

  // On all lines of the grid.
  void paint(Layout& layout, GridSize grid) const;
  // What the PE at `place` of a line does: its pencil at `from` has frequencies in reversed order; that at
  // `to` will have the numbers of the PEs in order.
  void add_steps(std::vector<Instruction>& body, std::uint32_t place, std::uint32_t from,
                 std::uint32_t to) const;

 private:
  // The steps whose numbers travel up the line, or down.
  void add_one_way(std::vector<Instruction>& body, std::uint32_t place, std::uint32_t from, std::uint32_t to,
                   bool up) const;
  // The link from one place to the next, up or down the line.
  [[nodiscard]] Color color(std::uint32_t from, std::uint32_t to) const;

  std::uint32_t pes_;
  Axis axis_;
  std::uint8_t first_;
};

// Cycles from the start of all PEs of a line to the end of its last one, by recurrence: docs/kernels/fft.md.
[[nodiscard]] std::uint64_t line_transpose_cycles(std::uint32_t pes, const MeshParameters& parameters);

}  // namespace wafersim
