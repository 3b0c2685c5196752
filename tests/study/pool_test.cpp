// Commands as processes: their output, their ends, and how many at a time.
#include <map>

#include <gtest/gtest.h>

#include "study/process_pool.hpp"

namespace wafersim::study_detail {
namespace {

std::map<std::size_t, Finished> run(const std::vector<Command>& commands, std::size_t at_once) {
  std::map<std::size_t, Finished> all;
  run_all(commands, at_once, [&](const Finished& one) { all[one.index] = one; });
  return all;
}

TEST(ProcessPool, KeepsOutputErrorsAndExitCodesApart) {
  const auto all =
      run({{"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, {"/bin/sh", "-c", "echo two"}}, 2);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at(0).output, "out\n");
  EXPECT_EQ(all.at(0).errors, "err\n");
  EXPECT_EQ(all.at(0).exit_code, 3);
  EXPECT_EQ(all.at(1).output, "two\n");
  EXPECT_EQ(all.at(1).exit_code, 0);
}

TEST(ProcessPool, ReportsSignalsAndMissingPrograms) {
  const auto all = run({{"/bin/sh", "-c", "kill -9 $$"}, {"/no/such/program"}}, 1);
  EXPECT_EQ(all.at(0).exit_code, 128 + 9);
  EXPECT_EQ(all.at(1).exit_code, 127);
}

TEST(ProcessPool, RunsMoreCommandsThanPlacesAndLongOutputs) {
  std::vector<Command> commands(9, {"/bin/sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x"});
  const auto all = run(commands, 2);
  ASSERT_EQ(all.size(), 9U);
  for (const auto& [index, one] : all) EXPECT_EQ(one.output.size(), 300'000U) << index;
}

}  // namespace
}  // namespace wafersim::study_detail
