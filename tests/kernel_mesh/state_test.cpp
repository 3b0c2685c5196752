// The engine's own state stays small enough for a whole wafer, whatever the kernel.
#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/collective.hpp"

namespace wafersim {
namespace {

class EngineState : public testing::TestWithParam<std::string> {};

TEST_P(EngineState, IsAtMost256BytesAPe) {
  // A row as long as a wafer's; rows hold their state each on their own, so a few are enough.
  constexpr GridSize kGrid{854, 3};
  const Collective collective = make_collective({.kernel = GetParam(), .grid = kGrid, .length = 1024});
  const auto engine = make_fast_engine(collective.plan);
  const double bytes =
      static_cast<double>(engine->state_bytes().count()) / static_cast<double>(kGrid.columns * kGrid.rows);
  RecordProperty("bytes_per_pe", std::to_string(bytes));
  EXPECT_LE(bytes, 256);
}

INSTANTIATE_TEST_SUITE_P(EveryKernel, EngineState, testing::ValuesIn(collective_names()),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& letter : name) letter = letter == '.' ? '_' : letter;
                           return name;
                         });

}  // namespace
}  // namespace wafersim
