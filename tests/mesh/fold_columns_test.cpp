// Rows that vertical routes tie together: few run for all where that is proven, and all where it is not.
#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"
#include "wafersim/mesh/fold.hpp"

namespace wafersim {
namespace {

constexpr Color kDown{0};
constexpr Color kEast{1};

// Row 0 sends `length` wavelets down each column. Every PE below takes each one with a task of `work` cycles,
// and the first of a row sends one east for it. Down the last column go sums, to which each row adds its own.
struct Columns {
  std::uint32_t rows{}, width = 2;
  std::uint32_t length = 5;  // 0: no wavelets go down
  std::uint32_t wait = 100;  // before row 0 sends
  std::uint32_t start = 1;   // cycles until the other rows are ready
  std::uint32_t work = 3;
  std::uint32_t sums{};  // elements; 0: none go down
  std::uint32_t slow_row{}, slow_cycles{};
};

Color sum_color(std::uint32_t row) {
  return Color{static_cast<std::uint8_t>(2 + row % 2)};
}

void paint_wavelets(Layout& layout, const Columns& it) {
  const std::uint32_t below = it.rows - 1;
  layout.route(kDown, {.width = it.width}, {{Port::ramp, Port::south}});
  layout.route(kDown, {.y = 1, .width = it.width, .height = below - 1},
               {{Port::north, Port::ramp | Port::south}});
  layout.route(kDown, {.y = below, .width = it.width}, {{Port::north, Port::ramp}});
  if (it.width == 1) return;
  layout.route(kEast, {.y = 1, .height = below}, {{Port::ramp, Port::east}});
  if (it.width > 2)
    layout.route(kEast, {.x = 1, .y = 1, .width = it.width - 2, .height = below}, {{Port::west, Port::east}});
  layout.route(kEast, {.x = it.width - 1, .y = 1, .height = below}, {{Port::west, Port::ramp}});
}

void paint_sums(Layout& layout, const Columns& it) {
  for (std::uint32_t y = 1; y < it.rows; ++y) {
    if (y + 1 < it.rows) layout.route(sum_color(y), {.x = it.width - 1, .y = y}, {{Port::ramp, Port::south}});
    if (y > 1) layout.route(sum_color(y - 1), {.x = it.width - 1, .y = y}, {{Port::north, Port::ramp}});
  }
}

Program program_of(const Columns& it, PeAt at) {
  Task start{.name = "start"};
  start.body.push_back(ScalarInstructions{at.y == 0 ? it.wait : it.start});
  Program program{.name = at.y == 0 ? "source" : "row", .memory_bytes = 256, .entry = TaskId{0}};
  if (at.y == 0) {
    if (it.length != 0) {
      start.body.push_back(
          VectorInstruction{.to = FabricOutput{kDown}, .a = MemoryVector{}, .length = it.length});
    }
    program.tasks = {start};
    return program;
  }
  const bool last = at.x == it.width - 1;
  Task take{.name = "take", .started_by = kDown};
  take.body.push_back(ScalarInstructions{it.work});
  if (at.y == it.slow_row && last) take.body.push_back(ScalarInstructions{it.slow_cycles});
  if (it.width > 1 && at.x == 0)
    take.body.push_back(VectorInstruction{.to = FabricOutput{kEast}, .a = Register{7}, .length = 1});
  if (it.width > 1 && last && it.length != 0) {
    start.body.push_back(VectorInstruction{
        .to = MemoryVector{}, .a = FabricInput{kEast}, .length = it.length, .thread = Microthread{0}});
  }
  if (it.sums != 0 && last) {
    VectorInstruction sum{.to = MemoryVector{.address = 128}, .a = MemoryVector{}, .length = it.sums};
    sum.thread = Microthread{1};
    if (at.y + 1 < it.rows) sum.to = FabricOutput{sum_color(at.y)};
    if (at.y > 1) {
      sum.operation = Operation::add;
      sum.b = FabricInput{sum_color(at.y - 1)};
    }
    start.body.push_back(sum);
  }
  program.tasks = {start};
  if (it.length != 0) program.tasks.push_back(take);
  return program;
}

MeshPlan plan_of(const Columns& it) {
  Layout layout{{it.width, it.rows}};
  if (it.length != 0) paint_wavelets(layout, it);
  if (it.sums != 0) paint_sums(layout, it);
  for (std::uint32_t y = 0; y < it.rows; ++y) {
    for (std::uint32_t x = 0; x < it.width; ++x) layout.program({.x = x, .y = y}, program_of(it, {x, y}));
  }
  return layout.build();
}

// Returns how many rows were run.
std::uint64_t expect_the_same(const MeshPlan& plan) {
  const auto whole = make_fast_engine(plan);
  const auto folded = make_folded_engine(plan);
  EXPECT_EQ(folded->run(), whole->run());
  EXPECT_EQ(folded->run(), whole->run());  // again: nothing more happens
  EXPECT_EQ(folded->counts(), whole->counts());
  for (std::uint32_t y = 0; y < plan.grid.rows; ++y) {
    for (std::uint32_t x = 0; x < plan.grid.columns; ++x) {
      EXPECT_EQ(folded->activity({x, y}), whole->activity({x, y})) << x << "," << y;
      EXPECT_EQ(folded->state({x, y}), whole->state({x, y})) << x << "," << y;
    }
  }
  return folded->rows_run();
}

TEST(FoldedColumns, RunTwoOfManyEqualRows) {
  // The source, 2 of 38, and the last, which sends nothing on.
  EXPECT_EQ(expect_the_same(plan_of({.rows = 40})), 4U);
}

TEST(FoldedColumns, AreAllRunIfTheirStartOutlastsTheFirstArrival) {
  // The first wavelet is sent in cycle 106 and is at the first row 3 cycles later: ready in cycle 100, the
  // rows are at rest by then; ready in cycle 400, all of them are still busy when it comes, and none is a
  // copy.
  EXPECT_EQ(expect_the_same(plan_of({.rows = 40, .start = 100})), 4U);
  EXPECT_EQ(expect_the_same(plan_of({.rows = 40, .start = 400})), 40U);
  // Ready in cycle 116, the PEs of the last column issue their instruction and are at rest some 8 cycles
  // later; so from about row 16 on a wavelet finds them so. The last of 2, 4 or 8 rows is not among them;
  // with 16 at the top, 4 at the bottom are run.
  EXPECT_EQ(expect_the_same(plan_of({.rows = 80, .length = 1, .start = 116})), 1U + 16U + 4U + 1U);
}

TEST(FoldedColumns, AreAllRunAboveASlowPe) {
  // It takes 40 cycles more for each wavelet, and its queues hold 8 of the 30: the others wait in the rows
  // above.
  const std::uint64_t rows =
      expect_the_same(plan_of({.rows = 40, .length = 30, .slow_row = 20, .slow_cycles = 40}));
  EXPECT_EQ(rows, 20U + 1U + 2U + 1U);
}

TEST(FoldedColumns, RunFourOfRowsThatAreAlikeByTwos) {
  // Sums go down in two colors in turn, and nothing else does. Row 0 does nothing, row 1 has nothing to add
  // to; of the 19 pairs of rows below 2 are run, and the last row sends nothing on.
  EXPECT_EQ(expect_the_same(plan_of({.rows = 41, .length = 0, .sums = 9})), 1U + 1U + 4U + 1U);
}

TEST(FoldedColumns, AreAllRunIfTwoThingsGoDownAtDifferentSpeeds) {
  // Wavelets take a cycle for each row, sums six and more.
  EXPECT_EQ(expect_the_same(plan_of({.rows = 30, .length = 1, .wait = 2'000, .sums = 9})), 30U);
}

TEST(FoldedColumns, HaveAllRowsWhenTheyAreStoppedOnTheWay) {
  const MeshPlan plan = plan_of({.rows = 20});
  const auto whole = make_fast_engine(plan);
  const auto folded = make_folded_engine(plan);
  for (const std::uint64_t cycle : {50, 110, 125}) {
    EXPECT_EQ(folded->advance(Cycles{cycle}), whole->advance(Cycles{cycle}));
    for (std::uint32_t y = 0; y < 20; ++y) EXPECT_EQ(folded->state({1, y}), whole->state({1, y}));
  }
  EXPECT_EQ(folded->run(), whole->run());
}

TEST(FoldedColumnsProperty, ChangeNothingWhateverTheRowsDo) {
  std::uint32_t folded = 0;
  std::uint32_t whole = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Random random{seed};
    const auto below = [&](std::uint64_t bound) { return static_cast<std::uint32_t>(random.below(bound)); };
    Columns it{.rows = 6 + below(20), .width = 1 + below(4), .length = 1 + below(30)};
    it.wait = 1 + below(200);
    it.start = 1 + (below(2) == 0 ? below(20) : below(200));
    it.work = 1 + below(12);
    it.sums = below(2) * below(12);
    if (below(2) == 0) it.slow_row = 1 + below(it.rows - 1);
    it.slow_cycles = 1 + below(20);
    SCOPED_TRACE(seed);
    const std::uint64_t rows = expect_the_same(plan_of(it));
    ++(rows < it.rows ? folded : whole);
  }
  EXPECT_GT(folded, 8U);
  EXPECT_GT(whole, 8U);
}

}  // namespace
}  // namespace wafersim
