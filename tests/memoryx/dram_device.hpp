// The DRAM of the shipped CS-2, for tests that work its numbers out by hand.
#pragma once

#include "support/inputs.hpp"

namespace wafersim::test {

inline DramSpec ddr4() {
  return machine("cs2").memoryx.dram;
}

}  // namespace wafersim::test
