// The subcommand that compares the mesh with published numbers.
#pragma once

#include <span>
#include <string>

namespace wafersim {

// `wafersim validate`; returns 1 when a number is out of its tolerance.
int run_validate_command(std::span<const std::string> args);

}  // namespace wafersim
