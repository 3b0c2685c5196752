// The layout builder refuses nonsense, and says where and why.
#include "wafersim/mesh/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wafersim {
namespace {

using testing::HasSubstr;

constexpr Color kRed{0};
constexpr Color kBlue{1};

Program sender(Color color) {
  return {
      .name = "sender",
      .memory_bytes = 64,
      .tasks = {{.name = "send",
                 .body = {VectorInstruction{.to = FabricOutput{color}, .a = MemoryVector{}, .length = 4}}}},
      .entry = TaskId{0}};
}
Program receiver(Color color) {
  return {
      .name = "receiver",
      .memory_bytes = 64,
      .tasks = {{.name = "receive",
                 .body = {VectorInstruction{.to = MemoryVector{}, .a = FabricInput{color}, .length = 4}}}},
      .entry = TaskId{0}};
}

// Two PEs, the left one sends to the right one.
Layout pair() {
  Layout layout{{2, 1}};
  layout.route(kRed, {}, {{Port::ramp, Port::east}}).route(kRed, {.x = 1}, {{Port::west, Port::ramp}});
  layout.program({}, sender(kRed));
  return layout;
}

std::string complaint(const Layout& layout) {
  try {
    (void)layout.build();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Layout, AcceptsWhatWorks) {
  EXPECT_EQ(complaint(pair().program({.x = 1}, receiver(kRed))), "");
}

TEST(Layout, RefusesAColorUsedTwice) {
  EXPECT_THAT(complaint(pair().program({.x = 1}, receiver(kRed)).route(kRed, {}, {{Port::ramp, Port::east}})),
              HasSubstr("color 0 is used twice at PE (0,0)"));
}

TEST(Layout, RefusesARouteIntoNowhere) {
  Layout layout{{2, 1}};
  layout.route(kRed, {}, {{Port::ramp, Port::east | Port::north}}).program({}, sender(kRed));
  EXPECT_THAT(complaint(layout),
              HasSubstr("color 0 leaves to the east, where no router takes it at PE (0,0)"));
  EXPECT_THAT(complaint(layout), HasSubstr("color 0 leaves to the north"));
}

TEST(Layout, RefusesARouteFromNowhere) {
  Layout layout{{2, 1}};
  layout.route(kRed, {.x = 1}, {{Port::west, Port::ramp}}).program({.x = 1}, receiver(kRed));
  EXPECT_THAT(complaint(layout),
              HasSubstr("color 0 is taken from the west, where no router sends it at PE (1,0)"));
}

TEST(Layout, RefusesAQueueWithoutARouteAndARouteWithoutAQueue) {
  EXPECT_THAT(complaint(pair().program({.x = 1}, receiver(kBlue))),
              HasSubstr("the program reads color 1, but no route brings it at PE (1,0)"));
  EXPECT_THAT(complaint(pair()), HasSubstr("color 0 goes down the ramp, but the program does not read it"));
}

TEST(Layout, RefusesMoreMemoryThanAPeHas) {
  Program big = receiver(kRed);
  big.memory_bytes = 48 * 1024;
  EXPECT_THAT(complaint(pair().program({.x = 1}, big)),
              HasSubstr("needs 49152 bytes of memory, but a PE has 49152 less 4096 for code: 45056 at most"));
}

TEST(Layout, RefusesAQueueReadByTwoTasks) {
  Program twice = receiver(kRed);
  twice.tasks.push_back({.name = "data", .started_by = kRed});
  EXPECT_THAT(complaint(pair().program({.x = 1}, twice)),
              HasSubstr("the queue of color 0 is read by two tasks, 'data' and 'receive'"));
}

TEST(Layout, RefusesAddressesBeyondTheDeclaredMemory) {
  Program beyond = receiver(kRed);
  beyond.memory_bytes = 12;
  EXPECT_THAT(complaint(pair().program({.x = 1}, beyond)),
              HasSubstr("touches bytes 0 to 15, but declares 12"));
}

TEST(Layout, RefusesRectanglesOutsideTheGridAndUnknownColors) {
  Layout layout{{2, 1}};
  layout.route(kRed, {.x = 1, .width = 2}, {{Port::west, Port::ramp}});
  layout.route(Color{24}, {}, {{Port::ramp, Port::east}});
  EXPECT_THAT(complaint(layout), HasSubstr("the rectangle 2x1 at (1,0) leaves the grid of 2x1"));
  EXPECT_THAT(complaint(layout), HasSubstr("there are 24 colors, 0 to 23"));
}

TEST(Layout, RefusesTwoProgramsOnOnePe) {
  EXPECT_THAT(complaint(pair().program({.width = 2}, receiver(kRed))),
              HasSubstr("PE (0,0) is given two programs, 'sender' and 'receiver'"));
}

}  // namespace
}  // namespace wafersim
