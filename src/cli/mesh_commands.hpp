// The subcommands that run the mesh.
#pragma once

#include <span>
#include <string>

namespace wafersim {

// `wafersim kernel NAME --grid WxH --size B …`; returns the exit code.
int run_kernel_command(std::span<const std::string> args);
// `wafersim validate`; returns 1 when a number is out of its tolerance.
int run_validate_command(std::span<const std::string> args);

}  // namespace wafersim
