// Study files: what they mean, and what is wrong with them, at its place.
#include "wafersim/study/study.hpp"

#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/study/points.hpp"

#include "config/temporary_folder.hpp"
#include "support/source_dir.hpp"

namespace wafersim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path kConfigs = test::source_dir() / "configs";

std::string study_text(const std::string& rest) {
  return fmt::format("machine: {0}/machine/cs2.yaml\nworkload: {0}/workload/gpt2.yaml\n{1}",
                     kConfigs.string(), rest);
}

std::string complaint_about(const std::string& rest) {
  const test::TemporaryFolder folder;
  const auto file = folder.write("s.yaml", study_text(rest));
  return folder.without_folder(test::complaint([&] { (void)load_study(file); }));
}

// The values of every point, with blanks between them.
std::vector<std::string> points_of(const std::string& rest) {
  const test::TemporaryFolder folder;
  const Study study = load_study(folder.write("s.yaml", study_text(rest)));
  std::vector<std::string> all;
  PointStream points{study};
  while (const std::optional<Point> point = points.next()) {
    EXPECT_EQ(point->ordinal, all.size());
    std::string text;
    for (const Override& setting : point->settings) text += (text.empty() ? "" : " ") + setting.value;
    all.push_back(text);
  }
  EXPECT_EQ(count_points(study), all.size());
  return all;
}

TEST(Study, SpansAGridWhoseLastAxisChangesFastest) {
  EXPECT_THAT(points_of("sweep:\n  cluster.nodes: [1, 2]\n  workload.sparsity.level: [0, 90 %]\n"),
              ElementsAre("1 0", "1 90 %", "2 0", "2 90 %"));
}

TEST(Study, ZipsKeysThatMoveTogether) {
  EXPECT_THAT(points_of("sweep: {cluster.nodes: [1, 2]}\n"
                        "zip: {wafer.pe.accumulators: [6, 12], swarmx.fanout: [2, 4]}\n"),
              ElementsAre("1 6 2", "1 12 4", "2 6 2", "2 12 4"));
  EXPECT_EQ(
      complaint_about("zip: {wafer.pe.accumulators: [6, 12], swarmx.fanout: [4]}\n"),
      "s.yaml:3:39: zip.swarmx.fanout: has 1 values, but 'wafer.pe.accumulators' has 2: zipped keys have as "
      "many as each other");
}

TEST(Study, TakesPointsThatAreWrittenOut) {
  EXPECT_THAT(points_of("list:\n  - {cluster.nodes: 1, wafer.clock: 1 GHz}\n"
                        "  - {wafer.clock: 2 GHz, cluster.nodes: 4}\n"),
              ElementsAre("1 1 GHz", "4 2 GHz"));
  EXPECT_EQ(complaint_about("list:\n  - {cluster.nodes: 1}\n  - {wafer.clock: 1 GHz}\n"),
            "s.yaml:5:5: list: this point does not set 'cluster.nodes', which the first one does\n"
            "s.yaml:5:6: list.wafer.clock: the first point of the list does not set this key");
}

TEST(Study, DrawsTheSamePointsFromTheSameSeed) {
  const std::string keys =
      "keys: {workload.sparsity.level: {from: 0.10, to: 0.95}, cluster.nodes: [1, 2, 4]}}\n";
  const auto first = points_of("random: {points: 50, seed: 7, " + keys);
  EXPECT_EQ(first, points_of("random: {points: 50, seed: 7, " + keys));
  EXPECT_NE(first, points_of("random: {points: 50, seed: 8, " + keys));
  std::set<std::string> levels;
  for (const std::string& point : first) {
    const std::string level = point.substr(0, point.find(' '));
    EXPECT_GE(std::stod(level), 0.1);
    EXPECT_LE(std::stod(level), 0.95);
    EXPECT_EQ(level.size(), 4U) << level;  // hundredths, as the range is written
    levels.insert(level);
  }
  EXPECT_GT(levels.size(), 20U);
}

TEST(Study, AnotherRandomKeyLeavesTheOthersAsTheyWere) {
  const auto alone =
      points_of("random: {points: 9, seed: 7, keys: {wafer.clock: {from: 1 GHz, to: 100 GHz}}}\n");
  const auto both = points_of(
      "random: {points: 9, seed: 7, keys: {wafer.clock: {from: 1 GHz, to: 100 GHz}, cluster.nodes: [1, "
      "2]}}\n");
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_THAT(both[i], testing::StartsWith(alone[i] + " "));
}

TEST(Study, DerivesKeysFromOthers) {
  EXPECT_THAT(points_of("sweep: {cluster.nodes: [1, 4]}\n"
                        "derive: {workload.global_batch: 8 * nodes, swarmx.link_rate: 12 Gb/s * nodes}\n"),
              ElementsAre("1 8 1500 MB/s", "4 32 6 GB/s"));
}

TEST(Study, DropsPointsThatMissACondition) {
  EXPECT_THAT(points_of("sweep: {cluster.nodes: [1, 2, 4], swarmx.fanout: [6, 12]}\n"
                        "where: [nodes * fanout <= 24, not (nodes == 1 and fanout == 6)]\n"),
              ElementsAre("1 12", "2 6", "2 12", "4 6"));
  EXPECT_EQ(complaint_about("sweep: {cluster.nodes: [1, 2]}\nwhere: nodes > 4\n"),
            "s.yaml:4:8: where: no point meets the conditions: the study is empty");
}

TEST(Study, HoldingTheTokensLetsGoOfTheBatch) {
  const test::TemporaryFolder folder;
  const Study study = load_study(
      folder.write("s.yaml", study_text("sweep: {cluster.nodes: [1]}\nhold: {tokens_per_node: 2048}\n")));
  const auto settings = held_settings(study);
  ASSERT_EQ(settings.size(), 2U);
  EXPECT_EQ(settings[0].key + "=" + settings[0].value, "workload.global_batch=null");
  EXPECT_EQ(settings[1].key + "=" + settings[1].value, "workload.tokens_per_node=2048");
}

TEST(Study, RefusesWhatItCannotMean) {
  EXPECT_EQ(complaint_about("sweep: {cluster.ndoes: [1]}\n"),
            "s.yaml:3:9: sweep.cluster.ndoes: unknown key (did you mean 'nodes'?)");
  EXPECT_EQ(complaint_about("sweep: {wafer.clock: [1 GHz, 3 B]}\n"),
            "s.yaml:3:30: sweep.wafer.clock: expected a frequency such as '1.1 GHz', got '3 B'");
  EXPECT_EQ(complaint_about("sweep: {cluster.nodes: []}\n"),
            "s.yaml:3:24: sweep.cluster.nodes: expected a list of values such as [1, 2, 4]");
  EXPECT_EQ(complaint_about("sweep: {cluster.nodes: [1, 1]}\n"),
            "s.yaml:3:28: sweep.cluster.nodes: the value 1 is there twice");
  EXPECT_EQ(complaint_about("sweep: {}\n"),
            "s.yaml:3:8: sweep: expected keys with lists of values, such as 'cluster.nodes: [1, 2, 4]'");
  EXPECT_THAT(complaint_about("swep: {}\n"),
              HasSubstr("s.yaml:3:1: swep: unknown key (did you mean 'sweep'?)"));
  EXPECT_EQ(complaint_about("sweep: {cluster.nodes: [1]}\nhold: {tokens_per_node: 2, global_batch: 2}\n"),
            "s.yaml:4:7: hold: give either 'tokens_per_node' (weak) or 'global_batch' (strong), not both");
  EXPECT_EQ(complaint_about("sweep: {workload.global_batch: [1]}\nhold: {global_batch: 2}\n"),
            "s.yaml:3:9: sweep.workload.global_batch: contradicts 'hold', which fixes the batch");
}

TEST(Study, RefusesTwoAxesForOneKey) {
  EXPECT_EQ(complaint_about("sweep: {cluster.nodes: [1]}\nzip: {cluster.nodes: [2]}\n"),
            "s.yaml:4:7: zip.cluster.nodes: is set by 'sweep.cluster.nodes' at s.yaml:3:9 already");
  EXPECT_EQ(complaint_about("sweep: {wafer.io.lanes: [1]}\nderive: {wafer.io: nodes}\n"),
            "s.yaml:4:20: derive.wafer.io: is set by 'sweep.wafer.io.lanes' at s.yaml:3:9 already");
}

TEST(Study, RefusesFormulasThatMeanNothing) {
  const std::string grid = "sweep: {cluster.nodes: [1, 2]}\n";
  EXPECT_EQ(complaint_about(grid + "where: nodse > 1\n"),
            "s.yaml:4:8: nodse: unknown key (did you mean 'nodes'?)");
  EXPECT_EQ(complaint_about(grid + "where: nodes >\n"), "s.yaml:4:15: where: 'nodes >': ends too early");
  EXPECT_EQ(complaint_about(grid + "where: nodes > wafer.clock\n"),
            "s.yaml:4:14: where: 'nodes > wafer.clock': the two sides have different units");
  EXPECT_EQ(complaint_about(grid + "derive: {wafer.clock: nodes}\n"),
            "s.yaml:4:23: derive.wafer.clock: expected a frequency such as '1.1 GHz', got '1' (the unit is "
            "missing)");
  EXPECT_EQ(complaint_about(grid + "derive: {wafer.io.lanes: ports, wafer.io.ports: 3}\n"),
            "s.yaml:4:26: ports: is itself derived, and not before this one");
}

TEST(Study, RefusesMoreThanAMillionPointsUnlessTheyAreMeant) {
  // 1000 x 1001 points; 1000 x 1000 would pass.
  const auto many = [](std::size_t rows) {
    return fmt::format(
        "random: {{points: 1000, seed: 1, keys: {{cluster.nodes: [1, 2]}}}}\nsweep: "
        "{{memoryx.optimizer_flops: [{}]}}\n",
        [&] {
          std::string list = "1e9";
          for (std::size_t i = 1; i < rows; ++i) list += fmt::format(", {}", 1'000'000'000 + i);
          return list;
        }());
  };
  EXPECT_EQ(complaint_about(many(1000)), "");
  EXPECT_EQ(complaint_about(many(1001)),
            "s.yaml:4:9: sweep.memoryx.optimizer_flops: the study has more than 1000000 points: this key "
            "makes them "
            "1001 times as many (add --yes if they are meant)");
  const test::TemporaryFolder folder;
  EXPECT_EQ(size_of_space(load_study(folder.write("s.yaml", study_text(many(1001))), true)), 1'001'000U);
}

TEST(Study, NamesTheLineOfAMissingFile) {
  const test::TemporaryFolder folder;
  const auto file =
      folder.write("s.yaml", "machine: no.yaml\nworkload: none.yaml\nsweep: {cluster.nodes: [1]}\n");
  EXPECT_EQ(folder.without_folder(test::complaint([&] { (void)load_study(file); })),
            "s.yaml:1:10: machine: 'no.yaml' no such file\ns.yaml:2:11: workload: 'none.yaml' no such file");
}

TEST(Study, LeavesToThePointsWhatIsWrongAtSomeOnly) {
  // A sequence of 2,048 tokens needs as many positions, which another axis gives.
  EXPECT_EQ(
      complaint_about(
          "sweep: {workload.sequence_length: [1024, 2048], workload.model.n_positions: [1024, 2048]}\n"),
      "");
}

TEST(Study, ShippedStudiesAreRight) {
  for (const auto& entry : std::filesystem::directory_iterator{kConfigs / "study"})
    EXPECT_EQ(test::complaint([&] { (void)load_study(entry.path()); }), "") << entry.path();
}

TEST(Shards, ShareOutThePointsWithoutGapOrOverlap) {
  for (std::uint64_t all = 0; all < 20; ++all) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 1; i <= 7; ++i) {
      const Shard shard{.number = i, .of = 7};
      std::uint64_t in_it = 0;
      for (std::uint64_t ordinal = 0; ordinal < all; ++ordinal) in_it += shard.has(ordinal) ? 1 : 0;
      EXPECT_EQ(count_points(all, shard), in_it);
      sum += in_it;
    }
    EXPECT_EQ(sum, all);
  }
}

}  // namespace
}  // namespace wafersim
