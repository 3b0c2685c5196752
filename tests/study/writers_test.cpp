// A sweep as text, CSV and lines of JSON.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "study/sweep_fixture.hpp"

namespace wafersim {
namespace {

Sweep compared() {
  Sweep sweep = test::weak();
  compare_rows(sweep);
  return sweep;
}

TEST(SweepText, IsATableWithTheReasons) {
  EXPECT_EQ(
      write_text(compared()),
      "s.yaml: 4 points, 2,048 tokens per node and step\n\n"
      "  nodes  step cycles     time  samples/s  efficiency  where it drops\n"
      "      1        1,000  1.00 us     1.00 k     100.0 %\n"
      "      2        1,000  1.00 us     2.00 k     100.0 %\n"
      "      4        1,250  1.25 us     3.20 k      80.0 %  waits for DRAM +20.0 % of the step; bound by "
      "compute\n"
      "      8       failed                                  too large\n");
}

TEST(SweepText, GivesLongErrorsBelow) {
  Sweep sweep = compared();
  sweep.rows[3].error = std::string(80, 'x') + "\nmore";
  EXPECT_THAT(write_text(sweep),
              testing::EndsWith("\ncluster.nodes=8:\n" + std::string(80, 'x') + "\nmore\n"));
}

TEST(SweepCsv, HasTheSameColumnsInEveryRow) {
  std::istringstream lines{write_csv(compared())};
  for (std::string line; std::getline(lines, line);)
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), 10 + kParts) << line;
}

TEST(SweepJsonl, HasALinePerPointWithItsSettings) {
  std::istringstream lines{write_jsonl(compared())};
  std::vector<nlohmann::json> points;
  for (std::string line; std::getline(lines, line);) points.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[2]["set"]["cluster.nodes"], "4");
  EXPECT_EQ(points[2]["step"]["cycles"], 1250);
  EXPECT_EQ(points[2]["parts"]["dram"], 250);
  EXPECT_EQ(points[3]["error"], "too large");
  EXPECT_EQ(points[3]["exit_code"], 3);
}

}  // namespace
}  // namespace wafersim
