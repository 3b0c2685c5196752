// Many elements of one vector instruction, whose operands are plain vectors in memory or fixed values.
#pragma once

#include <cstdint>

#include "wafersim/mesh/program.hpp"

namespace wafersim::fast {

// Where an operand has its first element, and how it goes on.
struct Walk {
  std::uint32_t* words{};  // byte addresses count from here
  std::uint32_t byte{};
  std::uint32_t step{};   // bytes from one element to the next
  std::uint32_t value{};  // of an operand that is no vector
  bool moves = true;      // false: it is none
};

// Element by element, as compute_element says, so vectors may overlap. A result that is no vector is the
// whole word at `to`.
void compute_elements(Operation operation, Precision precision, std::uint32_t count, const Walk& to,
                      const Walk& a, const Walk& b);

}  // namespace wafersim::fast
