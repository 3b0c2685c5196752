// SCALE-Sim's topology tables: both forms, the sparsity column, and what is wrong with a line.
#include "workload/scale_sim.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"

namespace wafersim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using workload_detail::ImportedModel;
using workload_detail::read_scale_sim;

const std::string kHeader =
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n";

std::string wrong(const std::string& text) {
  try {
    (void)read_scale_sim(text, "t.csv", "t");
    return {};
  } catch (const InputError& error) {
    return error.what();
  }
}

std::vector<std::string> names_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const Layer& layer : graph.layers) names.push_back(layer.name);
  return names;
}

TEST(ScaleSim, ConvolutionsFormAChain) {
  const ImportedModel model = read_scale_sim(
      kHeader + "Conv1, 32, 32, 3, 3, 3, 16, 1,\nConv2, 30, 30, 3, 3, 16, 32, 2,\n", "t.csv", "t");
  EXPECT_THAT(names_of(model.graph), ElementsAre("Conv1.input", "Conv1", "Conv2", "loss"));
  EXPECT_EQ(model.graph.layers[1].extent, (Extent{30, 30}));
  EXPECT_EQ(model.graph.layers[2].extent, (Extent{14, 14}));
  EXPECT_EQ(model.graph.layers[2].matrix_weights, 9U * 16 * 32);
}

TEST(ScaleSim, PaddingInTheSizeOfAnInputIsPadding) {
  // 30 positions come out of Conv1; Conv2 names 32, one more on each side.
  const ImportedModel model = read_scale_sim(
      kHeader + "Conv1, 32, 32, 3, 3, 3, 16, 1,\nConv2, 32, 32, 3, 3, 16, 32, 1,\n", "t.csv", "t");
  EXPECT_THAT(names_of(model.graph), ElementsAre("Conv1.input", "Conv1", "Conv2", "loss"));
  EXPECT_EQ(model.graph.layers[2].window.in, (Extent{30, 30}));
  EXPECT_EQ(model.graph.layers[2].extent, (Extent{30, 30}));
}

TEST(ScaleSim, ALayerThatFitsNothingStartsAnew) {
  const ImportedModel model =
      read_scale_sim(kHeader + "Conv1, 32, 32, 3, 3, 3, 16, 1,\nSide, 8, 8, 1, 1, 64, 4, 1,\n", "t.csv", "t");
  EXPECT_THAT(names_of(model.graph),
              ElementsAre("Conv1.input", "Conv1", "loss", "Side.input", "Side", "loss.1"));
}

TEST(ScaleSim, MatrixProductsHaveRowsAsPositions) {
  const ImportedModel model =
      read_scale_sim("Layer, M, N, K,\nA, 128, 64, 32,\nB, 128, 10, 64,\n", "t.csv", "t");
  EXPECT_THAT(names_of(model.graph), ElementsAre("A.input", "A", "B", "loss"));
  EXPECT_EQ(forward_macs(model.graph.layers[1], 1), 128U * 64 * 32);
  EXPECT_EQ(forward_macs(model.graph.layers[2], 1), 128U * 10 * 64);
}

TEST(ScaleSim, SparsityOfTwoInFourKeepsHalf) {
  const ImportedModel model =
      read_scale_sim("Layer, M, N, K, Sparsity\nA, 8, 6, 5, 2:4\nB, 8, 10, 6, 1:1\n", "t.csv", "t");
  ASSERT_EQ(model.kept.size(), 1U);
  EXPECT_EQ(model.kept[0], (KeptWeights{.layer = "A", .weights = 15}));
}

TEST(ScaleSim, EveryWrongLineIsNamed) {
  EXPECT_EQ(
      wrong(kHeader + "A, 8, 8, 3, 3, 3, x, 1,\nB, 8, 8, 9, 3, 3, 4, 1,\nC, 8,\nD, 8, 8, 3, 3, 3, 4, 0,\n"),
      "t.csv:2:19: expected a whole number, got 'x'\n"
      "t.csv:3:1: B: a filter of 3x9 does not fit an input of 8x8\n"
      "t.csv:4:1: expected 8 columns, and perhaps one for N:M sparsity, got 2\n"
      "t.csv:5:22: must be between 1 and 1000000, got 0");
  EXPECT_THAT(wrong("A, 8, 8\n"), HasSubstr("expected a header"));
  EXPECT_THAT(wrong(kHeader), HasSubstr("has no layers"));
  EXPECT_THAT(wrong(""), HasSubstr("has no layers"));
  EXPECT_THAT(wrong(kHeader + "A, 8, 8, 3, 3, 3, 4, 1, 5:4\n"), HasSubstr("5 of 4 weights cannot stay"));
  EXPECT_THAT(wrong(kHeader + "A, 8, 8, 3, 3, 3, 4, 1,\nA, 8, 8, 3, 3, 3, 4, 1,\n"),
              HasSubstr("duplicate name 'A'"));
  EXPECT_THAT(wrong(std::string("Layer\0name", 10)), HasSubstr("control characters"));
}

}  // namespace
}  // namespace wafersim
