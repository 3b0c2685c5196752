// Folding changes no cycle, count or activity of any collective, not with a slow PE either.
#include "wafersim/mesh/fold.hpp"

#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/collective.hpp"

namespace wafersim {
namespace {

void expect_the_same(const Collective& collective, const std::string& what) {
  const auto whole = make_fast_engine(collective.plan);
  const auto folded = make_folded_engine(collective.plan);
  load_initial_values(collective, *whole);
  load_initial_values(collective, *folded);
  const CollectiveResult expected = run_collective(collective, *whole);
  const CollectiveResult found = run_collective(collective, *folded);
  EXPECT_EQ(found.outcome, expected.outcome) << what;
  EXPECT_EQ(found.cycles, expected.cycles) << what;
  EXPECT_EQ(found.counts, expected.counts) << what;
  EXPECT_TRUE(found.values_match) << what;
  const GridSize grid = collective.plan.grid;
  for (std::uint32_t y = 0; y < grid.rows; ++y) {
    for (std::uint32_t x = 0; x < grid.columns; ++x)
      EXPECT_EQ(folded->activity({x, y}), whole->activity({x, y})) << what << " at " << x << "," << y;
  }
}

TEST(FoldedCollective, EqualsTheWholeGrid) {
  for (const std::string& kernel : collective_names()) {
    for (const GridSize grid : {GridSize{2, 3}, GridSize{13, 5}, GridSize{70, 2}}) {
      expect_the_same(make_collective({.kernel = kernel, .grid = grid, .length = 9}),
                      kernel + " " + spell(grid));
    }
  }
}

TEST(FoldedCollective, RunsOneRowOfAKernelOfRows) {
  EXPECT_EQ(fold_rows(make_collective({.kernel = "reduce.tree", .grid = {16, 40}, .length = 9}).plan).size(),
            1U);
}

TEST(FoldedCollective, SeesOneSlowPe) {
  for (const char* kernel : {"broadcast", "reduce.chain", "reduce.tree", "allreduce.ring"}) {
    Collective collective = make_collective({.kernel = kernel, .grid = {12, 9}, .length = 20});
    const std::uint64_t usual = run_collective(collective, *make_folded_engine(collective.plan)).cycles;
    const std::size_t slow = collective.plan.index_of({7, 5});
    Program program = collective.plan.program_at({7, 5});
    program.tasks[0].body.insert(program.tasks[0].body.begin(), ScalarInstructions{500});
    collective.plan.program_map[slow] = static_cast<std::uint16_t>(collective.plan.programs.size());
    collective.plan.programs.push_back(program);
    EXPECT_EQ(fold_rows(collective.plan).size(), 2U) << kernel;
    expect_the_same(collective, kernel);
    EXPECT_GT(run_collective(collective, *make_folded_engine(collective.plan)).cycles, usual) << kernel;
  }
}

}  // namespace
}  // namespace wafersim
