// Convolutions, pools and their neighbours in a graph: sizes by hand.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/workload/summary.hpp"

#include "workload/workload_text.hpp"

namespace wafersim {
namespace {

using testing::HasSubstr;

Layer layer_of(const std::string& lines, const std::string& name) {
  const std::string text = "graph:\n  - { name: image, op: input, features: 8, size: 20x10 }\n" + lines +
                           "  - { name: loss, op: loss }\n";
  const Graph graph = test::load_text(text).workload.graph;
  const auto found = std::find_if(graph.layers.begin(), graph.layers.end(),
                                  [&](const Layer& layer) { return layer.name == name; });
  return found == graph.layers.end() ? Layer{} : *found;
}

std::string wrong(const std::string& line) {
  return test::what_is_wrong("graph:\n  - { name: image, op: input, features: 8, size: 20x10 }\n" + line +
                             "  - { name: loss, op: loss }\n");
}

TEST(Convolution, HasAsManyPositionsAsItsWindowFits) {
  // (20 + 2 - 3) / 2 + 1 = 10, (10 + 2 - 3) / 2 + 1 = 5
  const Layer layer =
      layer_of("  - { name: c, op: convolution, features: 16, kernel: 3x3, stride: 2x2, padding: 1 }\n", "c");
  EXPECT_EQ(layer.extent, (Extent{10, 5}));
  EXPECT_EQ(layer.matrix_weights, 16U * 8 * 9);
  EXPECT_EQ(forward_macs(layer, 1), 16U * 8 * 9 * 50);
}

TEST(Convolution, DilationWidensItsReach) {
  // A kernel of 3 dilated by 3 reaches over 7.
  EXPECT_EQ(
      layer_of("  - { name: c, op: convolution, features: 4, kernel: 3x3, dilation: 3x3 }\n", "c").extent,
      (Extent{14, 4}));
}

TEST(Convolution, InGroupsSeesOnlyItsOwnChannels) {
  const Layer layer =
      layer_of("  - { name: c, op: convolution, features: 16, kernel: 5x1, groups: 8, bias: true }\n", "c");
  EXPECT_EQ(layer.matrix_weights, 16U * 5);  // one channel in each group
  EXPECT_EQ(layer.vector_weights, 16U);
}

TEST(Convolution, TransposedMultipliesEveryInputPosition) {
  // (20 - 1)·2 + 2 = 40, (10 - 1)·2 + 2 = 20
  const Layer layer = layer_of(
      "  - { name: c, op: convolution, features: 4, kernel: 2x2, stride: 2x2, transposed: true }\n", "c");
  EXPECT_EQ(layer.extent, (Extent{40, 20}));
  EXPECT_EQ(forward_macs(layer, 1), 200U * 8 * 4 * 4);
}

TEST(Pool, OverTheWholeImageLeavesOnePosition) {
  EXPECT_EQ(layer_of("  - { name: p, op: pool }\n", "p").extent, (Extent{1, 1}));
  EXPECT_EQ(layer_of("  - { name: p, op: pool, function: max, kernel: 2x2 }\n", "p").extent, (Extent{10, 5}));
}

TEST(Concat, PutsFeaturesSideBySideOrPositionsOneAfterAnother) {
  const Layer features = layer_of(
      "  - { name: a, op: convolution, features: 3 }\n"
      "  - { name: c, op: concat, inputs: [image, a] }\n",
      "c");
  EXPECT_EQ(features.out_features, 11U);
  EXPECT_EQ(features.extent, (Extent{20, 10}));
  const Layer positions = layer_of(
      "  - { name: token, op: embedding, rows: 1, features: 8, size: 1x1 }\n"
      "  - { name: c, op: concat, inputs: [token, image] }\n",
      "c");
  EXPECT_EQ(positions.out_features, 8U);
  EXPECT_EQ(positions.extent, (Extent{201, 1}));
}

TEST(Multiply, TakesOneScaleForEachChannelOfAnImage) {
  const Layer layer = layer_of(
      "  - { name: s, op: pool }\n"
      "  - { name: m, op: multiply, inputs: [image, s] }\n",
      "m");
  EXPECT_EQ(layer.extent, (Extent{20, 10}));
}

TEST(Graph, WithoutTokensHasImagesAsSamples) {
  const Workload workload = test::load_text(
                                "graph:\n  - { name: image, op: input, features: 8, size: 20x10 }\n"
                                "  - { name: loss, op: loss }\n")
                                .workload;
  EXPECT_EQ(workload.plan.sequence_length, 1U);
}

TEST(Activations, OfAReluAreKeptOnce) {
  // The inputs of a convolution, of its norm and of the loss; the relu reads its own output, the loss's
  // input.
  const Workload workload = test::load_text(R"(graph:
  - { name: image, op: input, features: 8, size: 20x10 }
  - { name: c, op: convolution, features: 4, kernel: 3x3, padding: 1 }
  - { name: n, op: norm, function: batchnorm }
  - { name: r, op: elementwise, function: relu }
  - { name: loss, op: loss }
)")
                                .workload;
  EXPECT_EQ(kept_tensors(workload.graph, Recompute::none), (std::vector<TensorId>{0, 1, 3}));
  EXPECT_EQ(summarize(workload).activations.kept_features, 200U * (8 + 4 + 4));
}

TEST(Windows, ThatCannotBeAreRefused) {
  EXPECT_THAT(wrong("  - { name: c, op: convolution, features: 4, kernel: 30x3 }\n"),
              HasSubstr("a window of 30x3 (dilated by 1x1) does not fit an image of 20x10"));
  EXPECT_THAT(wrong("  - { name: c, op: convolution, features: 6, groups: 4 }\n"),
              HasSubstr("4 groups do not divide 6 features"));
  EXPECT_THAT(wrong("  - { name: c, op: convolution, features: 6, kernel: 2000000x1 }\n"),
              HasSubstr("must be between 1 and 1000000"));
  EXPECT_THAT(wrong("  - { name: c, op: linear, features: 6, kernel: 3x3 }\n"),
              HasSubstr("op 'linear' has no such key"));
  EXPECT_THAT(wrong("  - { name: c, op: linear, features: 6, experts: 2, active_experts: 3 }\n"),
              HasSubstr("3 active experts are more than the 2 there are"));
}

}  // namespace
}  // namespace wafersim
