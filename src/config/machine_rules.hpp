// Rules of a machine that a single key's bounds cannot state; private to this room.
#pragma once

#include "wafersim/base/error.hpp"
#include "wafersim/config/machine_spec.hpp"
#include "wafersim/config/tree.hpp"

namespace wafersim {

// Adds what is wrong to `problems`; a rule about a key that already has a problem is passed over. `tree` is
// where the machine was read from, for the places.
void check_machine(const MachineSpec& machine, const Tree& tree, Problems& problems);

}  // namespace wafersim
