// libFuzzer's way into the readers of study files and of their expressions.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/study_laws.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are characters
  wafersim::test::check_study_laws({reinterpret_cast<const char*>(data), size});
  return 0;
}
