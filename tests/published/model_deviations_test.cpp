// Known deviations of what models other than decoders are made of; see deviations_test.cpp.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "wafersim/cluster/run.hpp"
#include "wafersim/workload/load.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

Workload made_of(const std::string& text) {
  return read_workload(parse_tree(text, "model.yaml"), "model").workload;
}

Layer named(const Workload& workload, const std::string& name) {
  return *std::find_if(workload.graph.layers.begin(), workload.graph.layers.end(),
                       [&](const Layer& layer) { return layer.name == name; });
}

// Closed forms on the CS-2, with so many sequences on the whole grid.
LayerCost cost_of(const Workload& workload, const Layer& layer, std::uint64_t sequences,
                  const MachineSpec& machine = test::machine("cs2")) {
  MaskLibrary masks;
  const TokenLayout layout{machine.wafer.grid, {}, sequences * workload.plan.sequence_length};
  return LayerCosts{machine.wafer, workload.plan, layout, masks}.of(layer);
}

Workload recurrence(std::uint64_t tokens, const std::string& level = "0") {
  return made_of("sequence_length: " + std::to_string(tokens) +
                 "\nglobal_batch: 64\nsparsity: { level: " + level +
                 " }\ngraph:\n"
                 "  - { name: words, op: embedding, rows: 100, features: 256 }\n"
                 "  - { name: state, op: recurrent, features: 512 }\n"
                 "  - { name: loss, op: loss }\n");
}

// 8 experts of 256 x 1024, of which each token meets 2.
Workload experts() {
  return made_of(
      "sequence_length: 128\ngraph:\n"
      "  - { name: words, op: embedding, rows: 100, features: 256 }\n"
      "  - { name: up, op: linear, features: 2048, experts: 8, active_experts: 2 }\n"
      "  - { name: loss, op: loss }\n");
}

TEST(ModelDeviation, ImagesDoNotLoadTheLanes) {
  const Workload workload = made_of(
      "global_batch: 64\nsequence_length: 1\ngraph:\n"
      "  - { name: image, op: input, features: 3, size: 224x224 }\n"
      "  - { name: patches, op: convolution, features: 64, kernel: 16x16, stride: 16x16 }\n"
      "  - { name: pool, op: pool, function: average }\n"
      "  - { name: loss, op: loss }\n");
  const Outcome outcome = run_training_step(test::machine("cs2"), workload).outcome;
  EXPECT_EQ(outcome.layers.front().bytes_in, Bytes{0});
  EXPECT_EQ(outcome.layers.front().bytes_out, Bytes{0});
}

TEST(ModelDeviation, ExpertsAreChosenEvenly) {
  const Workload workload = experts();
  const Workload one = made_of(
      "sequence_length: 128\ngraph:\n"
      "  - { name: words, op: embedding, rows: 100, features: 256 }\n"
      "  - { name: up, op: linear, features: 1024 }\n"
      "  - { name: loss, op: loss }\n");
  MachineSpec machine = test::machine("cs2");
  machine.wafer.software_efficiency = Fraction{Fraction::kOne};
  // 400 sequences, of which each expert gets 2 of 8 parts: as much as 100 whole sequences.
  EXPECT_EQ(cost_of(workload, named(workload, "up"), 400, machine).total(),
            cost_of(one, named(one, "up"), 100, machine).total() * 8);
}

TEST(ModelDeviation, AStateMatrixTravelsOnceAPass) {
  // 32 tokens multiply it 32 times. 4 gates of 512 for 256 inputs and 512 of state, and 8 · 512 biases,
  // forward and delta, in FP16.
  const Outcome outcome = run_training_step(test::machine("cs2"), recurrence(32)).outcome;
  const std::uint64_t matrix = 4 * 512 * (256 + 512);
  EXPECT_EQ(outcome.layers.at(1).bytes_in, Bytes{2 * 2 * (matrix + 8 * 512)});
}

TEST(ModelDeviation, PrunedRecurrencesTakeAsLongAsDenseOnes) {
  const Workload dense = recurrence(16);
  const Workload pruned = recurrence(16, "0.9");
  const LayerCost a = cost_of(dense, named(dense, "state"), 64);
  const LayerCost b = cost_of(pruned, named(pruned, "state"), 64);
  EXPECT_EQ(a.total(), b.total());
  EXPECT_GT(a.forward.fmacs, 9 * b.forward.fmacs);
}

TEST(ModelDeviation, AMaskGivesItsCountAndNotItsPlaces) {
  const std::filesystem::path folder =
      std::filesystem::path{testing::TempDir()} / "wafersim_model_deviations";
  const auto masked = [&](const std::string& name, const std::string& entries) {
    std::filesystem::create_directories(folder / name);
    const std::string path = (folder / name / "up.mtx").string();
    std::ofstream{path} << "%%MatrixMarket matrix coordinate pattern general\n4 4 4\n" << entries;
    return made_of("masks: " + path +
                   "\nsequence_length: 8\ngraph:\n"
                   "  - { name: words, op: embedding, rows: 9, features: 4 }\n"
                   "  - { name: up, op: linear, features: 4 }\n"
                   "  - { name: loss, op: loss }\n");
  };
  const Workload even = masked("even", "1 1\n2 2\n3 3\n4 4\n");
  EXPECT_EQ(even, masked("one_column", "1 1\n2 1\n3 1\n4 1\n"));
  EXPECT_EQ(kept_matrix_weights(named(even, "up"), even.plan.sparsity), 4U);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace wafersim
