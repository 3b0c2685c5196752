// A sweep as text, CSV, lines of JSON, a database and a plot.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include "config/temporary_folder.hpp"
#include "study/sweep_fixture.hpp"

namespace wafersim {
namespace {

using Make = std::function<std::unique_ptr<RowWriter>(TextSink)>;

std::string written(const std::vector<SweepRow>& rows, const Make& make) {
  std::string text;
  const auto writer = make([&](std::string_view more) { text += more; });
  for (const SweepRow& row : rows) writer->add(row);
  writer->finish();
  return text;
}

std::string as_text(const std::vector<SweepRow>& rows) {
  return written(rows, [](TextSink sink) { return text_writer(test::heading(), std::move(sink)); });
}

TEST(SweepText, IsATableWithTheReasons) {
  EXPECT_EQ(
      as_text(test::weak()),
      "weak: 4 points, 2,048 tokens per node and step\n\n"
      "  nodes  step cycles     time  samples/s  efficiency  where it drops\n"
      "      1        1,000  1.00 us     1.00 k     100.0 %\n"
      "      2        1,000  1.00 us     2.00 k     100.0 %\n"
      "      4        1,250  1.25 us     3.20 k      80.0 %  waits for DRAM +20.0 % of the step; bound by "
      "compute\n"
      "      8       failed                                  too large\n");
}

TEST(SweepText, GivesLongErrorsBelow) {
  auto rows = test::weak();
  rows[3].error = std::string(80, 'x') + "\nmore";
  EXPECT_THAT(as_text(rows), testing::EndsWith("\ncluster.nodes=8:\n" + std::string(80, 'x') + "\nmore\n"));
}

TEST(SweepText, ShowsTheFirstPointsOfVeryMany) {
  const std::string text = as_text(std::vector<SweepRow>(201, test::row(1, 1000, 1e6, 0)));
  EXPECT_THAT(text, testing::EndsWith("  ... and 1 more: see results.csv, or --format csv\n"));
}

TEST(SweepCsv, HasTheSameColumnsInEveryRow) {
  std::istringstream lines{
      written(test::weak(), [](TextSink sink) { return csv_writer(test::heading(), std::move(sink)); })};
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), 11 + kParts) << line;
  EXPECT_EQ(count, 5U);
}

TEST(SweepJsonl, HasALinePerPointWithItsSettings) {
  std::istringstream lines{written(test::weak(), jsonl_writer)};
  std::vector<nlohmann::json> points;
  for (std::string line; std::getline(lines, line);) points.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[2]["set"]["cluster.nodes"], "4");
  EXPECT_EQ(points[2]["nodes"], 4);
  EXPECT_EQ(points[2]["efficiency"], 0.8);
  EXPECT_EQ(points[3]["error"], "too large");
  EXPECT_EQ(points[3]["exit_code"], 3);
}

TEST(SweepPlot, DrawsABarPerPoint) {
  EXPECT_EQ(
      written(test::weak(),
              [](TextSink sink) { return plot_writer(test::heading(), "efficiency", std::move(sink)); }),
      "\nefficiency\n\n"
      "  nodes  efficiency\n"
      "      1     100.0 %  ██████████████████████████████████████████████████\n"
      "      2     100.0 %  ██████████████████████████████████████████████████\n"
      "      4      80.0 %  ████████████████████████████████████████\n"
      "      8      failed\n");
}

TEST(SweepPlot, ShadesTwoKeysAndRefusesThree) {
  auto rows = test::weak();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].settings = {{.key = "a", .value = i < 2 ? "1" : "2"},
                        {.key = "b", .value = i % 2 == 0 ? "x" : "y"}};
  }
  SweepHeading heading = test::heading();
  heading.keys = {"a", "b"};
  heading.varied = {0, 1};
  EXPECT_EQ(written(rows, [&](TextSink sink) { return plot_writer(heading, "cycles", std::move(sink)); }),
            "\ncycles by a (down) and b (across); full shade is 1,250\n\n"
            "  a         x         y\n"
            "  1  1,000 ▓▓  1,000 ▓▓\n"
            "  2  1,250 ██    failed\n");
  heading.keys.emplace_back("c");
  heading.varied.push_back(2);
  EXPECT_EQ(test::complaint([&] { (void)plot_writer(heading, "cycles", {}); }),
            "--plot: draws one or two keys, this study has 3 with more than one value");
}

TEST(SweepPlot, LeavesOutKeysThatHaveOneValue) {
  auto rows = test::weak();
  for (SweepRow& row : rows) {
    row.settings.insert(row.settings.begin(), {.key = "a", .value = "same"});
    row.settings.push_back({.key = "b", .value = "same"});
  }
  SweepHeading heading = test::heading();
  heading.keys = {"a", "cluster.nodes", "b"};
  heading.varied = {1};
  const auto plot = [&](TextSink sink) { return plot_writer(heading, "efficiency", std::move(sink)); };
  EXPECT_EQ(written(rows, plot), written(test::weak(), [](TextSink sink) {
              return plot_writer(test::heading(), "efficiency", std::move(sink));
            }));
  // Nothing varies: a study of one point has one bar.
  heading.varied = {};
  rows.resize(1);
  EXPECT_EQ(written(rows, plot),
            "\nefficiency\n\n"
            "     a  efficiency\n"
            "  same     100.0 %  ██████████████████████████████████████████████████\n");
}

TEST(SweepSqlite, HoldsEveryPointAndOnlyAppearsWhenComplete) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "r.sqlite";
  {
    const auto writer = sqlite_writer(test::heading(), file);
    for (const SweepRow& row : test::weak()) writer->add(row);
    EXPECT_FALSE(std::filesystem::exists(file));
    writer->finish();
  }
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  std::string found;
  const auto collect = [](void* to, int columns, char** texts, char**) {
    for (int i = 0; i < columns; ++i)
      *static_cast<std::string*>(to) += std::string{texts[i] == nullptr ? "-" : texts[i]} + " ";
    return 0;
  };
  ASSERT_EQ(
      sqlite3_exec(
          database,
          "SELECT \"cluster.nodes\", step_cycles, efficiency, error FROM points WHERE \"cluster.nodes\" > 2",
          collect, &found, nullptr),
      SQLITE_OK);
  sqlite3_close(database);
  EXPECT_EQ(found, "4 1250 0.8 - 8 - - too large ");
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".part"));
}

}  // namespace
}  // namespace wafersim
