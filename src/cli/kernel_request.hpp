// The kernel that a command line asks for.
#pragma once

#include <string>
#include <vector>

#include "wafersim/study/kernel_run.hpp"

namespace wafersim::cli {

struct KernelWords {
  std::string name, size;
  GridSize grid;
  std::vector<std::string> settings;  // KEY=VALUE
};

// Throws InputError, naming the option, if the name is unknown or a word cannot be read.
[[nodiscard]] KernelRequest kernel_request(const KernelWords& words);

// A number from `least` to a billion.
[[nodiscard]] std::uint32_t kernel_number(const std::string& option, const std::string& text,
                                          std::uint64_t least = 1);

}  // namespace wafersim::cli
