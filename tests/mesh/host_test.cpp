// A run that the computer cannot hold is refused before anything is made.
#include "wafersim/mesh/host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"

namespace wafersim {
namespace {

using namespace literals;
using testing::HasSubstr;

TEST(HostMemory, IsRefusedFromTheFirstByteTooMany) {
  EXPECT_NO_THROW(require_host_memory(4_GiB, {1000, 1000}, 4_GiB));
  try {
    require_host_memory(4_GiB + 1_B, {1000, 1000}, 4_GiB);
    FAIL() << "one byte too many was accepted";
  } catch (const DoesNotFit& error) {
    EXPECT_THAT(error.what(), HasSubstr("1000000 PEs need 4.0 GiB, this computer has 4.0 GiB"));
  }
  EXPECT_THROW(require_host_memory(host_memory_for({1'000'000, 1'000'000}, MeshEngineKind::fast),
                                   {1'000'000, 1'000'000}),
               DoesNotFit);
}

TEST(HostMemory, CountsWhatProgramsDeclareAndTheMapsOfThePlan) {
  Layout layout{{10, 4}};
  layout.program({.width = 10, .height = 3}, {.name = "three lines", .memory_bytes = 2 * 64 + 4});
  layout.program({.y = 3}, {.name = "four lines, five with the odd one", .memory_bytes = 4 * 64});
  const HostNeed need = host_need(layout.build(), Cycles{1'000'000'000}, MeshEngineKind::fast);
  // 40 PEs with 256 bytes of state and one map of two bytes; 30 with three lines of 64 bytes, one with five.
  EXPECT_EQ(need.memory, Bytes{40 * 256 + 40 * 2 + 30 * 3 * 64 + 5 * 64});
  EXPECT_GT(need.cpu_seconds, 1);
}

}  // namespace
}  // namespace wafersim
