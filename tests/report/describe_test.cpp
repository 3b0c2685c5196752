// What `describe` says of machines and workloads.
#include <algorithm>
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
  return {.machine = MachineDescription{.resolved = to_tree(machine), .figures = derived_figures(machine)},
          .workload = describe_workload(loaded),
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

TEST(Describe, ListsLayersThatRepeatOnceWithTheirFigures) {
  const std::string text = write_text(machine_and_workload("gpt2.yaml"));
  // 3 · 768² + 3 · 768 parameters, 1,024 tokens of 3 · 768² products, 1,024 · 3 · 768 numbers of 2 B.
  EXPECT_THAT(
      text, testing::ContainsRegex("h\\.\\*\\.attn\\.c_attn +x12 +linear +2,304 x tokens +1\\.77 M +1\\.81 G "
                                   "+4\\.72 MB +"));
  EXPECT_THAT(text,
              testing::ContainsRegex("largest activations +shape +bytes of a sequence\n +lm_head +50,257 x "
                                     "tokens +102,926,336"));
  EXPECT_THAT(text, HasSubstr("SRAM of the wafer"));
}

TEST(Describe, SumsUpOverTheLayers) {
  const auto json = nlohmann::json::parse(write_json(machine_and_workload("gpt2.yaml")));
  const auto& model = json["model"];
  std::uint64_t parameters = 0;
  std::uint64_t macs = 0;
  for (const auto& layer : model["each"]) {
    parameters += layer["parameters"].get<std::uint64_t>();
    macs += layer["macs"].get<std::uint64_t>();
  }
  EXPECT_EQ(parameters, model["parameters"].get<std::uint64_t>());
  EXPECT_EQ(macs, model["forward_macs_per_sequence"].get<std::uint64_t>());
  // Adam: 16-bit copies twice, and of 4 B the sum of gradients, a master weight and two moments.
  EXPECT_EQ(model["memoryx_bytes"]["total"].get<std::uint64_t>(), 20 * parameters);
  // An intensity by hand: c_attn takes 768 and makes 2,304 features of 1,024 tokens with 3 · 768 · 769
  // weights.
  const auto found = std::find_if(model["each"].begin(), model["each"].end(),
                                  [](const auto& layer) { return layer["name"] == "h.0.attn.c_attn"; });
  const std::uint64_t bytes = 2 * (1024 * (768 + 2304) + 3 * 768 * 769);
  EXPECT_EQ((*found)["bytes"], bytes);
  EXPECT_DOUBLE_EQ((*found)["flops_per_byte"].get<double>(),
                   2.0 * 1024 * 3 * 768 * 768 / static_cast<double>(bytes));
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
