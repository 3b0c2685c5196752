// libFuzzer's way into one reader. CMake says which: the header with its laws, and the function that checks
// them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include WAFERSIM_FUZZ_HEADER

// SystemC, where a room brings it along, asks for this. libFuzzer has the main function, so it is never
// called.
extern "C" int sc_main(int, char**) {
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are characters
  wafersim::test::WAFERSIM_FUZZ_LAWS({reinterpret_cast<const char*>(data), size});
  return 0;
}
