// Whole training steps against what was measured on CS-2 systems.
#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/cluster/throughput.hpp"
#include "wafersim/config/machine.hpp"
#include "wafersim/workload/load.hpp"

#include "study/validation_groups.hpp"

namespace wafersim {

namespace {

namespace fs = std::filesystem;

// The shipped configs: where the program was built, where it was installed, or here.
fs::path configs() {
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& folder : {program / "../../configs", program / "../../../../configs",
                                 program / "../share/wafersim/configs", fs::path{"configs"}}) {
    if (fs::exists(folder / "machine" / "cs2.yaml")) return folder;
  }
  throw InputError{{.at = {.file = "configs/machine/cs2.yaml"},
                    .key = {},
                    .message = "not found beside the program; run from the folder that has configs/"}};
}

TrainingCase case_of(const std::string& model, std::uint64_t batch, std::uint64_t nodes) {
  const std::vector<Override> of_machine{{"cluster.nodes", std::to_string(nodes)}};
  const std::vector<Override> of_workload{{"global_batch", std::to_string(batch)}};
  return {load_machine(configs() / "machine" / "cs2.yaml", of_machine),
          load_workload(configs() / "workload" / (model + ".yaml"), of_workload).workload};
}

struct Measured {
  const char* model;
  double tolerance;                          // percent
  std::array<double, 4> samples_per_second;  // by batch
};

}  // namespace

std::vector<ValidationPoint> training_steps() {
  constexpr std::array<std::uint64_t, 4> kBatches{128, 256, 512, 1024};
  // 6.7B at batch 256 is the one point at which a factor may be set (wafer.software_efficiency).
  constexpr std::array<Measured, 3> kMeasured{{{"gpt3-590m", 15, {199.4, 202.0, 202.0, 202.6}},
                                               {"gpt3-2.7b", 10, {46.60, 46.83, 46.78, 46.92}},
                                               {"gpt3-6.7b", 2, {22.67, 22.71, 22.73, 22.74}}}};
  constexpr std::uint64_t kWeakBatch = 32;  // sequences on each node
  std::vector<TrainingCase> cases;
  for (const Measured& row : kMeasured) {
    for (const std::uint64_t batch : kBatches) cases.push_back(case_of(row.model, batch, 1));
  }
  for (const std::uint64_t nodes : {1, 16})
    cases.push_back(case_of("cerebras-gpt-13b", kWeakBatch * nodes, nodes));
  const std::vector<double> rates = throughput_of(cases);

  std::vector<ValidationPoint> points;
  std::size_t next = 0;
  for (const Measured& row : kMeasured) {
    for (std::size_t i = 0; i < kBatches.size(); ++i) {
      points.push_back({fmt::format("{}, batch {}, sequences/1000 s", row.model, kBatches[i]),
                        1000 * row.samples_per_second[i],
                        1000 * rates[next++],
                        row.tolerance,
                        {}});
    }
  }
  for (std::size_t i = 0; i < kMeasured.size(); ++i) {
    const auto of_model = std::span{rates}.subspan(i * kBatches.size(), kBatches.size());
    const auto [least, most] = std::minmax_element(of_model.begin(), of_model.end());
    points.push_back({fmt::format("{}, slowest batch, % of the fastest", kMeasured[i].model),
                      100,
                      100 * *least / *most,
                      2,
                      {}});
  }
  points.push_back(
      {"cerebras-gpt-13b, 16 nodes, % of linear", 100, 100 * rates[next + 1] / (16 * rates[next]), 9, ""});
  return points;
}

}  // namespace wafersim
