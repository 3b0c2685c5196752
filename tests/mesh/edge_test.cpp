// Wavelets cross the edge of the grid like any link: one a cycle, when the router beyond has room.
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/mesh/deadlock.hpp"

namespace wafersim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Color kWeights{3};
constexpr Color kOther{4};
constexpr EdgePort kWest{0, Port::west};
constexpr EdgePort kEast{0, Port::east};

EdgeWavelet wavelet(std::uint64_t cycle, std::uint32_t value, Color color = kWeights) {
  return {Cycles{cycle}, color, value, false};
}

// Three routers that a color crosses from west to east, without a program.
MeshPlan passage() {
  Layout layout{{3, 1}};
  layout.route(kWeights, {.width = 3}, {{Port::west, Port::east}})
      .input(kWeights, {}, Port::west)
      .output(kWeights, {.x = 2}, Port::east);
  return layout.build();
}

// One PE that receives `wanted` wavelets of kWeights from the west; kOther passes by to the east.
MeshPlan receiver(std::uint32_t wanted) {
  Layout layout{{1, 1}};
  layout.route(kWeights, {}, {{Port::west, Port::ramp}})
      .route(kOther, {}, {{Port::west, Port::east}})
      .input(kWeights, {}, Port::west)
      .input(kOther, {}, Port::west)
      .output(kOther, {}, Port::east);
  const VectorInstruction receive{.to = MemoryVector{}, .a = FabricInput{kWeights}, .length = wanted};
  layout.program({}, {.name = "receiver",
                      .memory_bytes = 256,
                      .tasks = {{.name = "work", .body = {receive}}},
                      .entry = TaskId{0}});
  return layout.build();
}

TEST(Edge, IsCrossedInTheCycleOfArrivalAndEachRouterTakesOneMore) {
  const auto engine = make_fast_engine(passage());
  engine->inject(kWest, std::vector{wavelet(5, 70), wavelet(5, 71)});
  // In at 5, in the first queue at 6; the three routers fire at 6, 7 and 8. The second wavelet is a cycle
  // behind.
  EXPECT_EQ(engine->advance(Cycles{5}).status, MeshStatus::running);
  EXPECT_EQ(engine->counts().edge_arrivals, 0U);
  (void)engine->advance(Cycles{6});
  EXPECT_EQ(engine->counts().edge_arrivals, 1U);
  (void)engine->advance(Cycles{8});
  EXPECT_TRUE(engine->take_departures(kEast).empty());
  EXPECT_EQ(engine->run(), (MeshOutcome{MeshStatus::finished, Cycles{10}}));
  EXPECT_THAT(engine->take_departures(kEast), ElementsAre(wavelet(8, 70), wavelet(9, 71)));
  EXPECT_TRUE(engine->take_departures(kEast).empty());
  // Each wavelet crosses two links between routers; the two of the edge are counted apart.
  EXPECT_EQ(engine->counts().link_hops, 4U);
  EXPECT_EQ(engine->counts().edge_departures, 2U);
  EXPECT_EQ(engine->counts().landings(), 6U);
}

TEST(Edge, CanBeWaitedForUntilSomethingLeaves) {
  const auto engine = make_fast_engine(passage());
  engine->inject(kWest, std::vector{wavelet(5, 70), wavelet(5, 71)});
  EXPECT_EQ(engine->advance_to_departure(Cycles{8}).cycles, Cycles{8});  // one cycle too early
  EXPECT_EQ(engine->counts().edge_departures, 0U);
  EXPECT_EQ(engine->advance_to_departure(Cycles{100}).cycles, Cycles{9});
  EXPECT_EQ(engine->advance_to_departure(Cycles{100}).cycles, Cycles{10});
  EXPECT_EQ(engine->advance_to_departure(Cycles{100}).status, MeshStatus::finished);
}

TEST(Edge, HoldsBackWhatTheRouterHasNoRoomFor) {
  const auto engine = make_fast_engine(receiver(3));
  std::vector<EdgeWavelet> line;
  for (std::uint32_t i = 0; i < 20; ++i) line.push_back(wavelet(0, i));
  engine->inject(kWest, line);
  EXPECT_EQ(engine->run().status, MeshStatus::deadlock);
  // Three are received; the ramp and input queue hold 4 + 2, the router 2; nine wait outside.
  EXPECT_EQ(engine->counts().edge_arrivals, 11U);
  EXPECT_EQ(engine->outside(kWest).size(), 9U);
}

TEST(Edge, GoesOnAfterTheMeshHadNothingLeftToDo) {
  const auto engine = make_fast_engine(receiver(2));
  engine->inject(kWest, std::vector{wavelet(0, 1)});
  // The PE waits for its second wavelet: the mesh is stuck unless something comes in.
  EXPECT_EQ(engine->advance(Cycles{500}).status, MeshStatus::deadlock);
  EXPECT_EQ(engine->now(), Cycles{500});
  EXPECT_THROW(engine->inject(kWest, std::vector{wavelet(499, 2)}), std::invalid_argument);
  engine->inject(kWest, std::vector{wavelet(500, 2)});
  // Crosses at 500, fires into the ramp at 501, is read at 503; the task ends a cycle later.
  EXPECT_EQ(engine->run(), (MeshOutcome{MeshStatus::finished, Cycles{504}}));
}

TEST(Edge, IsALineInWhichAColorWithoutRoomHoldsBackOthers) {
  const auto engine = make_fast_engine(receiver(1));
  std::vector<EdgeWavelet> line;
  for (std::uint32_t i = 0; i < 12; ++i) line.push_back(wavelet(0, i));
  line.push_back(wavelet(0, 99, kOther));
  engine->inject(kWest, line);
  EXPECT_EQ(engine->run().status, MeshStatus::deadlock);
  EXPECT_TRUE(engine->take_departures(kEast).empty());
}

TEST(Edge, ThatBringsTooLittleIsNamedInADeadlock) {
  const auto engine = make_fast_engine(receiver(2));
  engine->inject(kWest, std::vector{wavelet(0, 1)});
  EXPECT_EQ(engine->run().status, MeshStatus::deadlock);
  EXPECT_THAT(to_string(explain_deadlock(*engine)),
              HasSubstr("2. PE (0,0): nobody outside in the west sends more of color 3"));
}

TEST(Edge, RefusesWhatTheLayoutDoesNotLetIn) {
  const auto engine = make_fast_engine(passage());
  EXPECT_THROW(engine->inject(kEast, std::vector{wavelet(0, 1)}), std::invalid_argument);
  EXPECT_THROW(engine->inject(kWest, std::vector{wavelet(0, 1, kOther)}), std::invalid_argument);
  EXPECT_THROW(engine->inject(kWest, std::vector{wavelet(3, 1), wavelet(2, 1)}), std::invalid_argument);
}

std::string refusal(const Layout& layout) {
  try {
    (void)layout.build();
  } catch (const InputError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Edge, OfALayoutMustMeetARoute) {
  const Route eastward{{Port::west, Port::east}};
  EXPECT_THAT(refusal(Layout{{2, 1}}.route(kWeights, {.width = 2}, eastward).input(kWeights, {}, Port::west)),
              HasSubstr("color 3 leaves to the east, where no router takes it at PE (1,0)"));
  EXPECT_THAT(
      refusal(Layout{{2, 1}}.route(kWeights, {.width = 2}, eastward).output(kWeights, {.x = 1}, Port::east)),
      HasSubstr("color 3 is taken from the west, where no router sends it at PE (0,0)"));
  EXPECT_THAT(refusal(Layout{{2, 1}}.input(kWeights, {}, Port::west)),
              HasSubstr("color 3 comes in from the west, where no router takes it at PE (0,0)"));
  EXPECT_THAT(refusal(Layout{{2, 1}}.output(kWeights, {.x = 1}, Port::east)),
              HasSubstr("color 3 goes out to the east, where no router sends it at PE (1,0)"));
  EXPECT_THAT(refusal(Layout{{2, 1}}.input(kWeights, {.x = 1}, Port::west)),
              HasSubstr("PE (1,0) is not there"));
  EXPECT_THAT(refusal(Layout{{2, 1}}.input(kWeights, {}, Port::north)),
              HasSubstr("wavelets cross the edge in the west and in the east only"));
  EXPECT_THAT(refusal(Layout{{2, 1}}.input(kWeights, {}, Port::west).input(kWeights, {}, Port::west)),
              HasSubstr("used twice at PE (0,0)"));
}

}  // namespace
}  // namespace wafersim
