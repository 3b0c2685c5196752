// Which layers are said to use the wafer badly, and why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/cluster/run.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

using testing::HasSubstr;
using testing::Not;

// One step on a small wafer of 32 columns and 16 rows with one column group, of ideal software unless `set`
// says so: the layers between an input of so many features and a loss.
std::vector<LayerOutcome> layers_of(const std::string& input, const std::string& layers,
                                    const std::string& plan, const test::Overrides& set = {}) {
  test::Overrides machine{{"wafer.grid", "32x16"},
                          {"wafer.mapping.groups", "1"},
                          {"wafer.mapping.bands", "1"},
                          {"wafer.software_efficiency", "1"}};
  machine.insert(machine.end(), set.begin(), set.end());
  const std::string text = plan + "sequence_length: 1\ngraph:\n  - { name: in, op: input, " + input + " }\n" +
                           layers + "  - { name: loss, op: loss }\n";
  const Workload workload = read_workload(parse_tree(text, "use.yaml"), "use").workload;
  std::vector<LayerOutcome> made = run_training_step(test::machine("cs2", machine), workload).outcome.layers;
  return {made.begin() + 1, made.end() - 1};
}

constexpr const char* kPointwise =
    "  - { name: few, op: convolution, features: 64, kernel: 1x1 }\n"
    "  - { name: many, op: convolution, features: 64, kernel: 1x1 }\n";

TEST(LayerUse, FewChannelsLeaveColumnsWithoutWork) {
  // 4 channels in, then 64. Of one tap, so that a channel lies on one column.
  const auto layers = layers_of("features: 4, size: 64x64", kPointwise, "global_batch: 8\n");
  EXPECT_THAT(layers[0].weakness, HasSubstr("4 channels: work for 4 of 32 columns of PEs ("));
  EXPECT_EQ(layers[1].weakness, "");
  EXPECT_GT(layers[1].utilization, 4 * layers[0].utilization);
}

constexpr const char* kSquare = "  - { name: square, op: linear, features: 1024 }\n";

TEST(LayerUse, FewPositionsLeaveAWeightLittleToMultiply) {
  const auto layers = layers_of("features: 1024", kSquare, "global_batch: 16\n");  // on 16 rows
  EXPECT_THAT(layers[0].weakness, HasSubstr("16 tokens: a weight that arrives meets 1 in a PE ("));
}

TEST(LayerUse, OnePositionMoreThanRowsMakesItTwoInAPe) {
  const auto layers = layers_of("features: 1024", kSquare, "global_batch: 17\n");
  EXPECT_THAT(layers[0].weakness, HasSubstr("17 tokens: a weight that arrives meets 2 in a PE ("));
}

TEST(LayerUse, FewChannelsOverManyColumnsAreSumsAndNeighbours) {
  // 3 channels of 49 taps: 49 columns share the taps of a channel, and each fetches what its tap needs.
  const auto layers =
      layers_of("features: 3, size: 8x8",
                "  - { name: colours, op: convolution, features: 3, kernel: 1x1 }\n"
                "  - { name: first, op: convolution, features: 16, kernel: 7x7, padding: 3 }\n",
                "global_batch: 2\n", {{"wafer.grid", "160x16"}});
  EXPECT_THAT(layers[1].weakness, HasSubstr("3 channels over 147 columns: sums and neighbours ("));
}

TEST(LayerUse, LittleWorkIsOverBeforeItsKernelsFill) {
  // The first layer waits for the first weights of all.
  const auto layers = layers_of("features: 32",
                                "  - { name: first, op: linear, features: 32 }\n"
                                "  - { name: little, op: linear, features: 2 }\n",
                                "global_batch: 16\n");
  EXPECT_THAT(layers[0].weakness, HasSubstr("it waits for its weights ("));
  EXPECT_THAT(layers[1].weakness, HasSubstr("16 tokens: its kernels fill ("));
}

TEST(LayerUse, SlowSoftwareIsNamed) {
  const auto layers = layers_of("features: 64, size: 64x64", kPointwise, "global_batch: 8\n",
                                {{"wafer.software_efficiency", "0.2"}});
  EXPECT_THAT(layers[0].weakness, HasSubstr("wafer.software_efficiency slows its kernels down ("));
}

TEST(LayerUse, PrunedColumnsWaitForTheFullest) {
  // Of 8 inputs on each column one in 20 is left: seldom one, sometimes three.
  const auto layers = layers_of(
      "features: 256",
      "  - { name: pruned, op: linear, features: 256 }\n  - { name: dense, op: linear, features: 256 }\n",
      "global_batch: 64\nsparsity: { level: 0.95, exceptions: [ { layers: dense, level: 0 } ] }\n");
  EXPECT_THAT(layers[0].weakness, HasSubstr("columns wait for the one with most weights left ("));
  EXPECT_THAT(layers[1].weakness, Not(HasSubstr("most weights left")));
}

class LayerUseLaw : public testing::TestWithParam<const char*> {};

TEST_P(LayerUseLaw, WhatIsBelowAQuarterOfWhatItsArithmeticReachesSaysWhyAndNothingElse) {
  const MachineSpec machine = test::machine("cs2");
  const Workload workload = test::workload("gpt2", {{"global_batch", GetParam()}});
  // FP16 into FP32, the default.
  const double reach =
      static_cast<double>(machine.wafer.pe.fmacs_mixed) / static_cast<double>(machine.wafer.pe.fmacs_fp16);
  std::size_t weak = 0;
  for (const LayerOutcome& layer : run_training_step(machine, workload).outcome.layers) {
    const bool badly = layer.utilization > 0 && layer.utilization < reach / 4;
    EXPECT_EQ(!layer.weakness.empty(), badly) << layer.name << ' ' << layer.utilization;
    if (badly && layer.kind != "attention") ++weak;
  }
  // A sequence alone is too little for all products; 62 of them, the most that fit, for none but attention,
  // whose tokens meet half of the keys that pass the last row.
  EXPECT_EQ(weak > 0, std::string{GetParam()} == "1");
}

std::string weakness_of_attention(const char* tokens) {
  const MachineSpec machine = test::machine("cs2", {{"wafer.mapping.tokens", tokens}});
  const auto layers =
      run_training_step(machine, test::workload("gpt2", {{"global_batch", "62"}})).outcome.layers;
  return std::find_if(layers.begin(), layers.end(),
                      [](const LayerOutcome& layer) { return layer.kind == "attention"; })
      ->weakness;
}

TEST(LayerUse, RowsOfACausalAttentionWaitForTheOneThatMeetsEveryKey) {
  EXPECT_THAT(weakness_of_attention("in_order"), HasSubstr("tokens in order: rows wait"));
}

TEST(LayerUse, RowsOfDealtTokensWaitForNone) {
  EXPECT_THAT(weakness_of_attention("dealt"), Not(HasSubstr("tokens in order")));
}

INSTANTIATE_TEST_SUITE_P(Of, LayerUseLaw, testing::Values("1", "62"));

}  // namespace
}  // namespace wafersim
