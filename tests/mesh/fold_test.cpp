// Which rows count as the same, and that running one of each kind changes no cycle, count or activity.
#include "wafersim/mesh/fold.hpp"

#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"

namespace wafersim {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr Color kDown{3};

// What one row does: its first PE sends `length` elements to the others, of which one may dawdle first.
struct RowKind {
  std::uint32_t width{};
  std::uint32_t length{};
  std::uint32_t slow_pe{};  // 0: none
  friend auto operator<=>(const RowKind&, const RowKind&) = default;
};

// The layout of such rows; `change` may add to the program of a PE, `add` to the layout.
MeshPlan plan_of(const std::vector<RowKind>& rows, const std::function<void(PeAt, Task&)>& change = {},
                 const std::function<void(Layout&)>& add = {}) {
  Layout layout{{8, rows.size()}};
  for (std::uint32_t y = 0; y < rows.size(); ++y) {
    for (std::uint32_t x = 0; x < rows[y].width; ++x) {
      const bool last = x + 1 == rows[y].width;
      layout.route(Color{0}, {.x = x, .y = y},
                   {{x == 0 ? Port::ramp : Port::west, x == 0 ? Ports{Port::east}
                                                       : last ? Ports{Port::ramp}
                                                              : Port::ramp | Port::east}});
      Task task{.name = "work"};
      if (x != 0 && x == rows[y].slow_pe) task.body.push_back(ScalarInstructions{100});
      VectorInstruction work{.to = MemoryVector{}, .a = FabricInput{Color{0}}, .length = rows[y].length};
      if (x == 0) work = {.to = FabricOutput{Color{0}}, .a = MemoryVector{}, .length = rows[y].length};
      task.body.push_back(work);
      if (change) change({x, y}, task);
      layout.program({.x = x, .y = y},
                     {.name = "row", .memory_bytes = 256, .tasks = {task}, .entry = TaskId{0}});
    }
  }
  if (add) add(layout);
  return layout.build();
}

TEST(RowsTriedFirst, AreOneOfEachKindAndTwoOfEqualRowsThatAreTied) {
  // Four rows of two kinds, each a band of its own.
  EXPECT_EQ(rows_tried_first(plan_of({{4, 3}, {5, 3}, {4, 3}, {5, 3}})), 2U);
  // One band of ten rows: a sender, eight equal rows below it of which two are tried, and the last one.
  Layout layout{{1, 10}};
  layout.route(kDown, Rectangle::pe({0, 0}), {{Port::ramp, Port::south}});
  layout.route(kDown, {.y = 1, .width = 1, .height = 8}, {{Port::north, Port::ramp | Port::south}});
  layout.route(kDown, Rectangle::pe({0, 9}), {{Port::north, Port::ramp}});
  for (std::uint32_t y = 0; y < 10; ++y) {
    VectorInstruction work{.to = MemoryVector{}, .a = FabricInput{kDown}, .length = 4};
    if (y == 0) work = {.to = FabricOutput{kDown}, .a = MemoryVector{}, .length = 4};
    layout.program(Rectangle::pe({0, y}), {.name = "column",
                                           .memory_bytes = 64,
                                           .tasks = {{.name = "work", .body = {work}}},
                                           .entry = TaskId{0}});
  }
  EXPECT_EQ(rows_tried_first(layout.build()), 1U + 2U + 1U);
}

void expect_the_same(const MeshPlan& plan) {
  const auto whole = make_fast_engine(plan);
  const auto folded = make_folded_engine(plan);
  EXPECT_EQ(folded->advance(Cycles{20}), whole->advance(Cycles{20}));
  EXPECT_EQ(folded->run(), whole->run());
  EXPECT_EQ(folded->counts(), whole->counts());
  for (std::uint32_t y = 0; y < plan.grid.rows; ++y) {
    for (std::uint32_t x = 0; x < plan.grid.columns; ++x) {
      EXPECT_EQ(folded->activity({x, y}), whole->activity({x, y})) << x << "," << y;
      EXPECT_EQ(folded->state({x, y}), whole->state({x, y})) << x << "," << y;
    }
  }
}

TEST(Fold, PutsEqualRowsIntoOneClassWhereverTheyAre) {
  const std::vector<BandClass> classes =
      fold_rows(plan_of({{8, 5, 0}, {6, 5, 0}, {8, 5, 0}, {8, 5, 3}, {8, 5, 0}}));
  ASSERT_THAT(classes, SizeIs(3));
  EXPECT_THAT(classes[0].members, ElementsAre(0, 2, 4));
  EXPECT_THAT(classes[1].members, ElementsAre(1));  // shorter
  EXPECT_THAT(classes[2].members, ElementsAre(3));  // has a slow PE
}

TEST(Fold, KeepsRowsTogetherThatAVerticalRouteTies) {
  // In rows 0 and 3, PE 1 also sends to the PE below its eastern neighbour.
  const auto change = [](PeAt at, Task& task) {
    if (at.x == 1 && at.y % 3 == 0)
      task.body.push_back(VectorInstruction{.to = FabricOutput{kDown}, .a = MemoryVector{}, .length = 5});
    if (at.x == 2 && at.y % 3 == 1)
      task.body.push_back(VectorInstruction{.to = MemoryVector{}, .a = FabricInput{kDown}, .length = 5});
  };
  const auto add = [](Layout& layout) {
    for (const std::uint32_t y : {0, 3}) {
      layout.route(kDown, {.x = 1, .y = y}, {{Port::ramp, Port::east}});
      layout.route(kDown, {.x = 2, .y = y}, {{Port::west, Port::south}});
      layout.route(kDown, {.x = 2, .y = y + 1}, {{Port::north, Port::ramp}});
    }
  };
  const MeshPlan plan = plan_of(std::vector<RowKind>(6, {8, 5, 0}), change, add);
  const std::vector<BandClass> classes = fold_rows(plan);
  ASSERT_THAT(classes, SizeIs(2));
  EXPECT_EQ(classes[0].rows, 2U);
  EXPECT_THAT(classes[0].members, ElementsAre(0, 3));
  EXPECT_EQ(classes[1].rows, 1U);
  EXPECT_THAT(classes[1].members, ElementsAre(2, 5));
  expect_the_same(plan);
}

TEST(Fold, LeavesRowsAloneWhoseTimingLooksAtValues) {
  const auto change = [](PeAt at, Task& task) {
    if (at.x == 4 && at.y < 2) std::get<VectorInstruction>(task.body[0]).displaced = Displacement{};
  };
  const auto from_memory = [&](PeAt at, Task& task) {
    if (at.x == 4)
      task.body.insert(
          task.body.begin(),
          VectorInstruction{.to = MemoryVector{.address = 64}, .a = MemoryVector{}, .length = 3});
    change(at, task);
  };
  const std::vector<BandClass> classes = fold_rows(plan_of(std::vector<RowKind>(4, {8, 5, 0}), from_memory));
  ASSERT_THAT(classes, SizeIs(3));
  EXPECT_THAT(classes[2].members, ElementsAre(2, 3));
}

TEST(Fold, LeavesRowsAloneThatTheEdgeFeeds) {
  Layout layout{{8, 3}};
  layout.route(Color{0}, {.width = 8, .height = 3}, {{Port::west, Port::east}});
  layout.input(Color{0}, {.height = 3}, Port::west);
  layout.output(Color{0}, {.x = 7, .height = 3}, Port::east);
  EXPECT_THAT(fold_rows(layout.build()), SizeIs(3));
}

TEST(Fold, HasValuesOfRepresentativesOnly) {
  const auto engine = make_folded_engine(plan_of(std::vector<RowKind>(3, {8, 2, 0})));
  const std::vector<std::uint32_t> words{7, 9};
  for (const std::uint32_t y : {0, 2}) engine->write_memory({0, y}, 0, words);
  (void)engine->run();
  EXPECT_TRUE(engine->keeps_values({5, 0}));
  EXPECT_EQ(engine->read_memory({5, 0}, 0, 2), words);
  EXPECT_FALSE(engine->keeps_values({5, 2}));
  EXPECT_THROW((void)engine->read_memory({5, 2}, 0, 2), std::logic_error);
}

TEST(FoldProperty, ChangesNothingOnRandomRaggedRowsWithSlowPes) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Random random{seed};
    const auto below = [&](std::uint64_t bound) { return static_cast<std::uint32_t>(random.below(bound)); };
    std::vector<RowKind> kinds(1 + below(4));
    for (RowKind& kind : kinds) {
      kind.width = 2 + below(7);
      kind.length = 1 + below(40);
      kind.slow_pe = below(3) == 0 ? 1 + below(kind.width - 1) : 0;
    }
    std::vector<RowKind> rows(1 + below(12));
    for (RowKind& row : rows) row = kinds[below(kinds.size())];
    SCOPED_TRACE(seed);
    const MeshPlan plan = plan_of(rows);
    EXPECT_EQ(fold_rows(plan).size(), std::set<RowKind>(rows.begin(), rows.end()).size());
    expect_the_same(plan);
  }
}

}  // namespace
}  // namespace wafersim
