#include "support/source_dir.hpp"

namespace wafersim::test {

std::filesystem::path source_dir() {
  return WAFERSIM_SOURCE_DIR;
}

}  // namespace wafersim::test
