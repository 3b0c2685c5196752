// Study files: what they mean, and what is wrong with them, at its place.
#include "wafersim/study/study.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/temporary_folder.hpp"
#include "support/source_dir.hpp"

namespace wafersim {
namespace {

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

TEST(Study, SpansAGridWhoseLastAxisChangesFastest) {
  const test::TemporaryFolder folder;
  const Study study = load_study(folder.write(
      "s.yaml", study_text("sweep:\n  cluster.nodes: [1, 2]\n  workload.sparsity.level: [0, 90 %]\n")));
  const auto points = points_of(study);
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[1][0].key, "cluster.nodes");
  EXPECT_EQ(points[1][0].value, "1");
  EXPECT_EQ(points[1][1].value, "90 %");
  EXPECT_EQ(points[2][0].value, "2");
  EXPECT_TRUE(held_settings(study).empty());
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
            "s.yaml:3:25: sweep.cluster.ndoes: unknown key (did you mean 'nodes'?)");
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

}  // namespace
}  // namespace wafersim
