// The machine files that come with the program.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "support/source_dir.hpp"

namespace wafersim::test {

inline std::filesystem::path shipped_machine(const std::string& name) {
  return source_dir() / "configs" / "machine" / name;
}

inline std::vector<std::string> shipped_machines() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator{shipped_machine("")})
    names.push_back(file.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace wafersim::test
