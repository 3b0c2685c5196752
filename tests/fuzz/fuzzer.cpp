// libFuzzer's way into one reader. CMake says which: the header with its laws, and the function that checks
// them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include WAFERSIM_FUZZ_HEADER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are characters
  wafersim::test::WAFERSIM_FUZZ_LAWS({reinterpret_cast<const char*>(data), size});
  return 0;
}
