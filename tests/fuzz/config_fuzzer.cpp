// libFuzzer's way into the readers of machine files.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/config_laws.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are characters
  wafersim::test::check_config_laws({reinterpret_cast<const char*>(data), size});
  return 0;
}
