// The waveform shows the links of the chosen PEs and no others.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/collective.hpp"
#include "wafersim/wafer/reference/reference_mesh.hpp"

namespace wafersim {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Trace, ShowsTheChosenRectangle) {
  const std::filesystem::path file = std::filesystem::path{testing::TempDir()} / "wafersim_trace_test";
  const Collective collective = make_collective({.kernel = "reduce.chain", .grid = {4, 2}, .length = 3});
  {
    const auto engine =
        make_reference_engine(collective.plan, TraceRequest{file.string(), {.x = 1, .width = 2}});
    load_initial_values(collective, *engine);
    EXPECT_TRUE(run_collective(collective, *engine).values_match);
  }
  std::ifstream in{file.string() + ".vcd"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  std::filesystem::remove(file.string() + ".vcd");
  EXPECT_THAT(text, HasSubstr("to_west"));
  EXPECT_THAT(text, HasSubstr("pe_1_0"));
  EXPECT_THAT(text, HasSubstr("pe_2_0"));
  EXPECT_THAT(text, Not(HasSubstr("pe_0_0")));
  EXPECT_THAT(text, Not(HasSubstr("pe_1_1")));
}

TEST(Trace, RefusesAnAreaOutsideTheGrid) {
  const Collective collective = make_collective({.kernel = "reduce.chain", .grid = {4, 2}, .length = 3});
  EXPECT_THROW((void)make_reference_engine(collective.plan, TraceRequest{"x", {.x = 3, .width = 2}}),
               InputError);
}

}  // namespace
}  // namespace wafersim
