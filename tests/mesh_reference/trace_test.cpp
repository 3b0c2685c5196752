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

TEST(Trace, ShowsQueuesTasksAndWhatComesInOverTheEdge) {
  const std::filesystem::path file = std::filesystem::path{testing::TempDir()} / "wafersim_trace_edge_test";
  Layout layout{{1, 1}};
  layout.route(Color{3}, {}, {{Port::west, Port::ramp}}).input(Color{3}, {}, Port::west);
  const VectorInstruction receive{.to = MemoryVector{}, .a = FabricInput{Color{3}}, .length = 1};
  layout.program({}, {.name = "receive",
                      .memory_bytes = 64,
                      .tasks = {{.name = "work", .body = {receive}}},
                      .entry = TaskId{0}});
  {
    const auto engine = make_reference_engine(layout.build(), TraceRequest{file.string(), {}});
    engine->inject({0, Port::west}, std::vector{EdgeWavelet{Cycles{2}, Color{3}, 0xabcd, false}});
    EXPECT_EQ(engine->run().status, MeshStatus::finished);
  }
  std::ifstream in{file.string() + ".vcd"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  std::filesystem::remove(file.string() + ".vcd");
  for (const char* signal : {"module from_west ", "router_color_3 ", "input_color_3 ", " task ", " beat "})
    EXPECT_THAT(text, HasSubstr(signal));
  EXPECT_THAT(text, HasSubstr("#9000\n"));  // cycle 2: the edges of the clock are 1 and 3 ns into each 4 ns
  EXPECT_THAT(text, HasSubstr("b1010101111001101 "));  // 0xabcd
  EXPECT_THAT(text, Not(HasSubstr("output_color_3")));
}

TEST(Trace, RefusesAnAreaOutsideTheGrid) {
  const Collective collective = make_collective({.kernel = "reduce.chain", .grid = {4, 2}, .length = 3});
  EXPECT_THROW((void)make_reference_engine(collective.plan, TraceRequest{"x", {.x = 3, .width = 2}}),
               InputError);
}

}  // namespace
}  // namespace wafersim
