// A deadlock is found in the cycle it happens and explained as waits that follow from each other.
#include "wafersim/mesh/deadlock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wafersim {
namespace {

using testing::HasSubstr;

constexpr Color kEastward{0};
constexpr Color kWestward{1};

Program program(const char* name, const std::vector<Instruction>& body) {
  return {.name = name, .memory_bytes = 256, .tasks = {{.name = "work", .body = body}}, .entry = TaskId{0}};
}
VectorInstruction send(Color color, std::uint32_t length) {
  return {.to = FabricOutput{color}, .a = MemoryVector{}, .length = length};
}
VectorInstruction receive(Color color, std::uint32_t length) {
  return {.to = MemoryVector{}, .a = FabricInput{color}, .length = length};
}

// Two PEs with a color each way.
Layout pair() {
  Layout layout{{2, 1}};
  layout.route(kEastward, {}, {{Port::ramp, Port::east}})
      .route(kEastward, {.x = 1}, {{Port::west, Port::ramp}});
  layout.route(kWestward, {.x = 1}, {{Port::ramp, Port::west}})
      .route(kWestward, {}, {{Port::east, Port::ramp}});
  return layout;
}

TEST(Deadlock, OfTwoThatBothReceiveFirstIsACircle) {
  Layout layout = pair();
  layout.program({}, program("left", {receive(kWestward, 4), send(kEastward, 4)}));
  layout.program({.x = 1}, program("right", {receive(kEastward, 4), send(kWestward, 4)}));
  const auto engine = make_fast_engine(layout.build());
  const MeshOutcome outcome = engine->run();
  EXPECT_EQ(outcome.status, MeshStatus::deadlock);
  EXPECT_EQ(outcome.cycles, Cycles{6});  // both have started their instruction, nothing else ever happens
  const DeadlockExplanation why = explain_deadlock(*engine);
  ASSERT_EQ(why.chain.size(), 2U);
  EXPECT_TRUE(why.closes);
  EXPECT_EQ(why.chain[0], (Wait{{0, 0}, "program 'left', task 'work', waits for a wavelet of color 1"}));
  EXPECT_EQ(why.chain[1], (Wait{{1, 0}, "program 'right', task 'work', waits for a wavelet of color 0"}));
}

TEST(Deadlock, OfTwoThatBothSendTooMuchFirstIsACircleThroughTheRouters) {
  Layout layout = pair();
  layout.program({}, program("left", {send(kEastward, 40), receive(kWestward, 40)}));
  layout.program({.x = 1}, program("right", {send(kWestward, 40), receive(kEastward, 40)}));
  const auto engine = make_fast_engine(layout.build());
  EXPECT_EQ(engine->run().status, MeshStatus::deadlock);
  const DeadlockExplanation why = explain_deadlock(*engine);
  EXPECT_TRUE(why.closes);
  EXPECT_THAT(to_string(why),
              HasSubstr("PE (0,0): program 'left', task 'work', waits for room to send color 0"));
  EXPECT_THAT(to_string(why), HasSubstr("PE (1,0): the router holds 2 wavelets of color 0"));
  EXPECT_THAT(to_string(why), HasSubstr("which waits for number 1 again"));
}

TEST(Deadlock, ThatWaitsForAnIdlePeNamesIt) {
  Layout layout = pair();
  layout.program({}, program("left", {send(kEastward, 3), receive(kWestward, 1)}));
  layout.program({.x = 1}, program("right", {send(kWestward, 1), receive(kEastward, 4)}));
  const auto engine = make_fast_engine(layout.build());
  EXPECT_EQ(engine->run().status, MeshStatus::deadlock);
  EXPECT_THAT(to_string(explain_deadlock(*engine)),
              HasSubstr("PE (0,0): program 'left' is idle and will never send color 0"));
}

// The right PE answers each wavelet from the left by a task; the left asks one time too few.
TEST(Deadlock, OfAPeThatWaitsForATaskToBeStartedIsFollowedToItsStarter) {
  Layout layout = pair();
  layout.program({}, program("left", {send(kEastward, 1), receive(kWestward, 2)}));
  const Task answer{.name = "answer", .started_by = kEastward, .body = {send(kWestward, 1)}};
  layout.program({.x = 1}, {.name = "right", .memory_bytes = 64, .tasks = {answer}});
  const auto engine = make_fast_engine(layout.build());
  EXPECT_EQ(engine->run().status, MeshStatus::deadlock);
  const DeadlockExplanation why = explain_deadlock(*engine);
  ASSERT_EQ(why.chain.size(), 2U);
  EXPECT_TRUE(why.closes);
  EXPECT_EQ(why.chain[1], (Wait{{1, 0}, "program 'right' waits for a wavelet of color 0 to start a task"}));
}

TEST(Deadlock, OfABlockedTaskNamesIt) {
  Layout layout = pair();
  layout.program({}, program("left", {send(kEastward, 20), receive(kWestward, 1)}));
  const Task answer{.name = "answer", .started_by = kEastward, .body = {send(kWestward, 1)}};
  const Task work{.name = "work", .body = {Block{TaskId{1}}, Block{TaskId{2}}, Activate{TaskId{2}}}};
  layout.program({.x = 1}, {.name = "right",
                            .memory_bytes = 64,
                            .tasks = {work, answer, {.name = "later", .body = {}}},
                            .entry = TaskId{0}});
  const auto engine = make_fast_engine(layout.build());
  EXPECT_EQ(engine->run().status, MeshStatus::deadlock);
  EXPECT_THAT(to_string(explain_deadlock(*engine)),
              HasSubstr("PE (1,0): program 'right': task 'later' is activated, but blocked"));
}

TEST(Deadlock, GroupsWaitsThatReadAlike) {
  Layout layout{{40, 3}};
  layout.route(kEastward, {.height = 3}, {{Port::ramp, Port::east}})
      .route(kEastward, {.x = 1, .width = 38, .height = 3}, {{Port::west, Port::east | Port::ramp}})
      .route(kEastward, {.x = 39, .height = 3}, {{Port::west, Port::ramp}});
  layout.program({.height = 3}, program("source", {send(kEastward, 3)}));
  layout.program({.x = 1, .width = 39, .height = 3}, program("sink", {receive(kEastward, 4)}));
  const auto engine = make_fast_engine(layout.build());
  EXPECT_EQ(engine->run().status, MeshStatus::deadlock);
  const DeadlockExplanation why = explain_deadlock(*engine);
  ASSERT_EQ(why.groups.size(), 1U);
  EXPECT_EQ(why.groups[0].pes, 117U);  // 39 in each of 3 rows
  EXPECT_EQ(why.groups[0].first, (PeAt{1, 0}));
  EXPECT_THAT(to_string(why),
              HasSubstr("  117 PEs, first (1,0): program 'sink', task 'work', waits for a wavelet of "
                        "color 0\n"));
  EXPECT_EQ(why.chain.back().what, "program 'source' is idle and will never send color 0");
}

}  // namespace
}  // namespace wafersim
