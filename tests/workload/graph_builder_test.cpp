// Graphs are linked, ordered and checked; each kind of mistake has its own sentence.
#include "wafersim/workload/graph_builder.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "workload/graph_fixture.hpp"
#include "workload/graph_order.hpp"
#include "workload/workload_text.hpp"

namespace wafersim {
namespace {

using test::Drafts;

// tokens -> e [8] -> loss, with room for one layer between.
Drafts with(
    const std::string& name, OpKind op, const std::vector<std::string>& inputs,
    const std::function<void(LayerDraft&)>& change = [](LayerDraft&) {}) {
  Drafts drafts;
  drafts.embedding("e", 10, 8);
  change(drafts.add(name, op, inputs));
  drafts.add("loss", OpKind::loss, {name});
  return drafts;
}

TEST(GraphBuilder, InfersShapesAndWeightsFromTheInputs) {
  Drafts drafts;
  drafts.embedding("e", 10, 8);
  drafts.add("n", OpKind::norm, {"e"}).bias = true;
  drafts.linear("up", "n", 32).bias = true;
  drafts.add("act", OpKind::elementwise, {"up"});
  drafts.linear("down", "act", 8);
  drafts.add("sum", OpKind::residual, {"e", "down"});
  drafts.add("loss", OpKind::loss, {"sum"});
  const Graph graph = drafts.build();
  ASSERT_EQ(graph.layers.size(), 7U);
  EXPECT_EQ(graph.layers[0].matrix_weights, 80U);  // 10 rows of 8
  EXPECT_EQ(graph.layers[1].vector_weights, 16U);  // gain and bias
  EXPECT_EQ(graph.layers[2].matrix_weights, 256U);
  EXPECT_EQ(graph.layers[2].vector_weights, 32U);
  EXPECT_EQ(graph.layers[4].in_features, 32U);
  EXPECT_EQ(graph.layers[4].vector_weights, 0U);
  EXPECT_EQ(graph.layers[6].in_features, 8U);
  EXPECT_EQ(graph.layers[6].out_features, 1U);
  EXPECT_EQ(graph.parameters(), 80U + 16 + 256 + 32 + 256);
}

TEST(GraphBuilder, KeepsTheOrderOfTheFileAsFarAsTheDataAllows) {
  Drafts drafts;
  drafts.add("loss", OpKind::loss, {"b"});
  drafts.linear("b", "a", 4);
  drafts.embedding("e", 10, 8);
  drafts.linear("a", "e", 4);
  const Graph graph = drafts.build();
  std::string names;
  for (const Layer& layer : graph.layers) names += layer.name + " ";
  EXPECT_EQ(names, "e a b loss ");
  EXPECT_EQ(graph.tensors[graph.layers[2].inputs.front()].name, "a");
}

TEST(GraphBuilder, AttentionTakesThreeTensorsOrAFusedOne) {
  Drafts three;
  three.embedding("e", 10, 64);
  three.linear("k", "e", 16);
  three.linear("v", "e", 16);
  LayerDraft& grouped = three.add("a", OpKind::attention, {"e", "k", "v"});
  grouped.heads = 8;
  grouped.kv_heads = 2;
  three.add("loss", OpKind::loss, {"a"});
  const Layer attention = three.build().layers[3];
  EXPECT_EQ(attention.attention.head_dim, 8U);
  EXPECT_EQ(attention.in_features, 96U);
  EXPECT_EQ(attention.out_features, 64U);
  // QK^T and AV: 2 · 8 heads · 8 wide; 16 tokens see 1 + 2 + ... + 16 = 136 of each other.
  EXPECT_EQ(forward_macs(attention, 16), 2U * 64 * 136);

  Drafts fused = with("a", OpKind::attention, {"qkv"}, [](LayerDraft& draft) { draft.heads = 2; });
  fused.linear("qkv", "e", 24);
  EXPECT_EQ(fused.build().layers[2].out_features, 8U);
}

TEST(GraphBuilder, ATiedProjectionUsesTheTableAndOwnsNothing) {
  Drafts drafts = with("head", OpKind::linear, {"e"}, [](LayerDraft& draft) {
    draft.features = 10;
    draft.tied_to = Reference{.layer = "e", .at = draft.at};
  });
  const Graph graph = drafts.build();
  EXPECT_EQ(graph.parameters(), 80U);
  EXPECT_EQ(graph.layers[1].used_weights(), 80U);
  EXPECT_EQ(graph.layers[1].matrix_owner, "e");
  EXPECT_TRUE(graph.layers[1].tied_to_embedding);
}

TEST(GraphBuilder, RefusesATieBetweenMatricesOfDifferentShape) {
  const Drafts drafts = with("head", OpKind::linear, {"e"}, [](LayerDraft& draft) {
    draft.features = 11;
    draft.tied_to = Reference{.layer = "e", .at = draft.at};
  });
  EXPECT_EQ(drafts.complaint(),
            "graph.yaml:2:5: head: shapes do not match: linear 'head' needs a matrix of 11 x 8, "
            "but embedding 'e' has 10 x 8");
}

TEST(GraphBuilder, NamesBothOperatorsAndShapesOfAMismatch) {
  Drafts drafts;
  drafts.embedding("a", 10, 8);
  drafts.embedding("b", 10, 6);
  drafts.add("sum", OpKind::residual, {"a", "b"});
  drafts.add("loss", OpKind::loss, {"sum"});
  EXPECT_EQ(
      drafts.complaint(),
      "graph.yaml:3:5: sum: shapes do not match: residual 'sum' takes equal shapes, but embedding 'a' gives "
      "[tokens x 8] and embedding 'b' gives [tokens x 6]");
}

TEST(GraphBuilder, ComparesADeclaredInputWithTheRealOne) {
  const Drafts drafts = with("up", OpKind::linear, {"e"}, [](LayerDraft& draft) {
    draft.features = 3;
    draft.in_features = 4;
  });
  EXPECT_EQ(
      drafts.complaint(),
      "graph.yaml:2:5: up: shapes do not match: linear 'up' takes [tokens x 4], but embedding 'e' gives "
      "[tokens x 8]");
}

TEST(GraphBuilder, NamesTheCycle) {
  Drafts drafts;
  drafts.embedding("e", 10, 8);
  drafts.add("sum", OpKind::residual, {"e", "b"});
  drafts.linear("a", "sum", 8);
  drafts.linear("b", "a", 8);
  drafts.add("loss", OpKind::loss, {"b"});
  EXPECT_EQ(drafts.complaint(), "graph.yaml:2:5: sum: layers form a cycle: sum -> a -> b -> sum");
}

TEST(GraphBuilder, NamesALayerThatTakesItself) {
  EXPECT_EQ(with("x", OpKind::elementwise, {"x"}).complaint(),
            "graph.yaml:2:5: x: layers form a cycle: x -> x");
}

TEST(GraphBuilder, SuggestsTheNameThatWasMeant) {
  EXPECT_EQ(with("norm", OpKind::norm, {"f"}).complaint(),
            "graph.yaml:2:5: norm: unknown input 'f' (did you mean 'e'?)");
}

TEST(GraphBuilder, AConcatStacksPositionsWhereItMustOrIsTold) {
  const auto concat = [](const std::string& more, const std::string& second) {
    return test::load_text(
               "graph:\n"
               "  - { name: a, op: input, features: 6, size: 4x1 }\n"
               "  - { name: b, op: input, features: 6, size: " +
               second + " }\n  - { name: both, op: concat, inputs: [a, b]" + more +
               " }\n  - { name: loss, op: loss }\n")
        .workload.graph.layers[2];
  };
  EXPECT_EQ(concat("", "4x1").out_features, 12U);
  EXPECT_EQ(concat("", "4x1").extent, (Extent{4, 1}));
  EXPECT_EQ(concat("", "5x1").out_features, 6U);
  EXPECT_EQ(concat("", "5x1").extent, (Extent{9, 1}));
  EXPECT_EQ(concat(", along_positions: true", "4x1").out_features, 6U);
  EXPECT_EQ(concat(", along_positions: true", "4x1").extent, (Extent{8, 1}));
}

TEST(GraphBuilder, RefusesADuplicateName) {
  Drafts drafts = with("x", OpKind::elementwise, {"e"});
  drafts.linear("x", "e", 4);
  EXPECT_EQ(drafts.complaint(), "graph.yaml:4:5: x: duplicate name 'x', already used at graph.yaml:2:5");
}

TEST(GraphBuilder, RefusesHeadsThatDoNotDivideTheWidth) {
  EXPECT_EQ(
      with("a", OpKind::attention, {"e", "e", "e"}, [](LayerDraft& draft) { draft.heads = 3; }).complaint(),
      "graph.yaml:2:5: a: 3 heads do not divide the width 8 of 'e'");
  EXPECT_EQ(with("a", OpKind::attention, {"e"}, [](LayerDraft& draft) { draft.heads = 1; }).complaint(),
            "graph.yaml:2:5: a: 3 heads (of q, k and v together) do not divide the width 8 of 'e'");
  EXPECT_EQ(with("a", OpKind::attention, {"e", "e", "e"},
                 [](LayerDraft& draft) {
                   draft.heads = 4;
                   draft.kv_heads = 3;
                 })
                .complaint(),
            "graph.yaml:2:5: a: 3 kv_heads do not divide 4 heads");
}

TEST(GraphBuilder, RefusesZeroAndAbsurdSizes) {
  const auto linear = [](std::uint64_t features) {
    return with("x", OpKind::linear, {"e"}, [=](LayerDraft& draft) { draft.features = features; })
        .complaint();
  };
  EXPECT_EQ(linear(0), "graph.yaml:2:5: x: features must be at least 1");
  EXPECT_EQ(linear(kMaxFeatures + 1),
            "graph.yaml:2:5: x: features must be at most 1000000000000, got 1000000000001");
}

TEST(GraphBuilder, RefusesMoreWeightsThan64BitsCount) {
  Drafts drafts;
  drafts.embedding("e", kMaxFeatures, kMaxFeatures);
  drafts.add("loss", OpKind::loss, {"e"});
  EXPECT_EQ(
      drafts.complaint(),
      "graph.yaml:1:5: e: a matrix of 1000000000000 x 1000000000000 has more weights than 64 bits can count");
  Drafts sum;  // 2 · 10^12 · 10^7 is more than 2^64 only together
  sum.embedding("a", kMaxFeatures, 10'000'000);
  sum.embedding("b", kMaxFeatures, 10'000'000);
  sum.add("s", OpKind::residual, {"a", "b"});
  sum.add("loss", OpKind::loss, {"s"});
  EXPECT_EQ(sum.complaint(), "graph.yaml: 20000000000000000000 parameters are more than 64 bits can count");
}

TEST(GraphBuilder, OnlyAnEmbeddingTakesTheTokens) {
  EXPECT_EQ(with("x", OpKind::norm, {}).complaint(),
            "graph.yaml:2:5: x: has no input; only an embedding takes the tokens, and an input makes its own "
            "data");
}

TEST(GraphBuilder, ALossEndsTheGraph) {
  Drafts drafts = with("x", OpKind::elementwise, {"e"});
  drafts.linear("more", "loss", 4);
  EXPECT_EQ(drafts.complaint(),
            "graph.yaml:4:5: more: takes the output of loss 'loss', but a loss ends the graph");
  Drafts endless;
  endless.embedding("e", 10, 8);
  EXPECT_EQ(endless.complaint(),
            "graph.yaml: no layer is a loss; a training step starts its backward pass there");
}

TEST(GraphBuilder, RefusesAnOutputThatNobodyTakes) {
  Drafts drafts = with("x", OpKind::elementwise, {"e"});
  drafts.linear("aside", "e", 4);
  EXPECT_EQ(drafts.complaint(), "graph.yaml:4:5: aside: no layer takes its output");
}

TEST(FirstApart, FollowsLinksEitherWay) {
  using workload_detail::first_apart;
  EXPECT_EQ(first_apart({}), std::nullopt);
  EXPECT_EQ(first_apart({{}}), std::nullopt);
  EXPECT_EQ(first_apart({{}, {}}), 1U);
  EXPECT_EQ(first_apart({{}, {0}, {0}}), std::nullopt);    // two ends of one beginning
  EXPECT_EQ(first_apart({{}, {}, {0, 1}}), std::nullopt);  // two beginnings of one end
  EXPECT_EQ(first_apart({{}, {}, {0}, {1}, {2}}), 1U);     // 0 - 2 - 4 and 1 - 3
  EXPECT_EQ(first_apart({{}, {0}, {1}, {}, {3, 2}}), std::nullopt);
}

TEST(GraphBuilder, RefusesALayerInTheMidstOfABlock) {
  Drafts drafts;
  drafts.embedding("e", 10, 8);
  drafts.linear("a", "e", 8).block = 1;
  drafts.linear("outside", "a", 8);
  drafts.linear("b", "outside", 8).block = 1;
  drafts.add("loss", OpKind::loss, {"b"});
  EXPECT_EQ(
      drafts.complaint(),
      "graph.yaml:4:5: b: its block is interrupted by 'outside', which runs before it but is not part of it");
}

TEST(GraphBuilder, ReportsAllShapeProblemsAtOnceButRepeatedTextOnlyOnce) {
  Drafts drafts;
  drafts.embedding("e", 10, 8);
  drafts.linear("a", "e", 0);
  drafts.linear("b", "e", 0);
  LayerDraft& again = drafts.linear("1.b", "e", 0);
  again.at.line = 3;  // the second repetition of b
  drafts.add("loss", OpKind::loss, {"a"});
  EXPECT_EQ(drafts.complaint(),
            "graph.yaml:2:5: a: features must be at least 1\n"
            "graph.yaml:3:5: b: features must be at least 1");
}

TEST(GraphBuilder, RefusesAnEmptyGraphAndOneWithTooManyLayers) {
  EXPECT_EQ(Drafts{}.complaint(), "graph.yaml: a graph needs at least one layer");
  GraphBuilder builder{"big", {.file = "big.yaml", .line = 1, .column = 1}};
  for (std::uint64_t i = 0; i <= kMaxLayers; ++i) builder.add({});
  EXPECT_THROW((void)builder.build(), InputError);
}

}  // namespace
}  // namespace wafersim
