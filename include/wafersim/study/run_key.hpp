// The key of a run: the same inputs on the same model have the same result, and the same key.
#pragma once

#include <string>
#include <string_view>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/workload/load.hpp"

namespace wafersim {

// Names the model: a digest of the sources of every room that a result depends on, made when the program is
// built. Another compiler or another place makes no difference.
[[nodiscard]] std::string_view model_version();

// Characters in a key.
inline constexpr std::size_t kRunKeyLength = 36;

// A name-based UUID (RFC 4122, version 5) of the resolved inputs and the model's version.
[[nodiscard]] std::string run_key(const MachineSpec& machine, const LoadedWorkload& workload);

}  // namespace wafersim
