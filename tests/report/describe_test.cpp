// What `describe` says of machines and workloads.
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "wafersim/config/machine.hpp"
#include "wafersim/report/description.hpp"
#include "wafersim/report/format.hpp"
#include "wafersim/workload/load.hpp"

#include "support/source_dir.hpp"

namespace wafersim {
namespace {

using testing::HasSubstr;

const std::filesystem::path kConfigs = test::source_dir() / "configs";

Description machine_and_workload(const std::string& workload_name) {
  const MachineSpec machine = load_machine(kConfigs / "machine" / "cs2.yaml");
  LoadedWorkload loaded = load_workload(kConfigs / "workload" / workload_name);
  MaskLibrary masks;
  WaferPlan plan = plan_wafer(machine.wafer, loaded.workload, 1, masks);
  WorkloadSummary summary = summarize(loaded.workload);
  return {.machine = MachineDescription{.resolved = to_tree(machine), .figures = derived_figures(machine)},
          .workload =
              WorkloadDescription{
                  .resolved = loaded.resolved, .workload = loaded.workload, .summary = std::move(summary)},
          .fit = FitDescription{.nodes = 1, .plan = std::move(plan)}};
}

TEST(Describe, FitsATerminal) {
  std::istringstream lines{write_text(machine_and_workload("gpt2-xl.yaml"))};
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), 100U) << line;
}

TEST(Describe, ShowsDerivedBesidePublishedAndExactParameters) {
  const std::string text = write_text(machine_and_workload("gpt2-xl.yaml"));
  EXPECT_THAT(text, HasSubstr("Machine: CS-2\n"));
  EXPECT_THAT(text, testing::ContainsRegex("cores +850,584 +850,000 "));
  EXPECT_THAT(text, HasSubstr("  parameters   1,557,611,200\n"));
  EXPECT_THAT(text, testing::ContainsRegex("capacity +49,152 +100.0 %"));
}

TEST(Describe, GivesTheSameAsJson) {
  const auto json = nlohmann::json::parse(write_json(machine_and_workload("gpt2.yaml")));
  EXPECT_EQ(json["schema"], "wafersim.describe/1");
  EXPECT_EQ(json["model"]["parameters"], 124'439'808);
  EXPECT_EQ(json["derived"][0]["published"], 850'000);
  EXPECT_EQ(json["inputs"]["machine"]["name"], "CS-2");
  EXPECT_GE(json["plan"]["sequences_per_node"], 1);
}

}  // namespace
}  // namespace wafersim
