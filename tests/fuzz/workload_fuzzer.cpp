// libFuzzer's way into the readers of workload files and Hugging Face configs.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/workload_laws.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are characters
  wafersim::test::check_workload_laws({reinterpret_cast<const char*>(data), size});
  return 0;
}
