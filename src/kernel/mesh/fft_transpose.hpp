// The exchange of a line of PEs in which each gets one complex number from every other: the transpose of
// pencils between two axes.
//
// In step k all send what lies at position k of their pencil to the PE whose number is k with its bits
// reversed: neighbours pass it inwards from both sides, each adding its own number. That order of the
// receivers is the one in which frequencies lie behind PencilFft, and it spreads them evenly over the line at
// any time, so that no part of the line waits for another.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/mesh/layout.hpp"

#include "fft_pencil.hpp"
#include "shift_ring.hpp"

namespace wafersim {

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
  // Cycles that the busiest PE of a line spends.
  [[nodiscard]] std::uint64_t closed_form(const MeshParameters& parameters) const;

 private:
  // The link from one place to the next, up or down the line.
  [[nodiscard]] Color color(std::uint32_t from, std::uint32_t to) const;

  std::uint32_t pes_;
  Axis axis_;
  std::uint8_t first_;
};

}  // namespace wafersim
