// Where the repository is, for tests that read its configs and documents. In a file of its own, so that no
// other object file depends on the path of the checkout and a compiler cache serves every clone.
#pragma once

#include <filesystem>

namespace wafersim::test {

std::filesystem::path source_dir();

}  // namespace wafersim::test
