// A sparsity plan keeps exactly n - floor(n · level) weights, and the last rule that matches decides.
#include <gtest/gtest.h>

#include "wafersim/workload/workload.hpp"

namespace wafersim {
namespace {

constexpr Fraction share(std::uint64_t thousandths) {
  return {.billionths = thousandths * 1'000'000};
}

Layer matrix(const std::string& name, std::uint64_t weights, OpKind kind = OpKind::linear) {
  Layer layer;
  layer.name = name;
  layer.kind = kind;
  layer.matrix_weights = weights;
  layer.vector_weights = 7;
  return layer;
}

TEST(Sparsity, KeepsExactlyWhatTheLevelLeaves) {
  for (const std::uint64_t n : {1ULL, 9ULL, 10ULL, 11ULL, 1'000'003ULL, 603'979'776ULL}) {
    for (const std::uint64_t level : {0ULL, 1ULL, 500ULL, 750ULL, 873ULL, 900ULL, 999ULL}) {
      const std::uint64_t pruned = n * level / 1000;
      EXPECT_EQ(kept_matrix_weights(matrix("x", n), {.level = share(level), .exceptions = {}}), n - pruned);
    }
  }
  // 10 · 0.9 is exactly 9 although 0.9 has no exact binary form.
  EXPECT_EQ(kept_matrix_weights(matrix("x", 10), {.level = share(900), .exceptions = {}}), 1U);
}

TEST(Sparsity, IsExactForMatricesBeyond53Bits) {
  const std::uint64_t n = 18'446'744'073'709'551'615U;
  // floor(n / 2) = (n - 1) / 2, as n is odd
  EXPECT_EQ(kept_matrix_weights(matrix("x", n), {.level = share(500), .exceptions = {}}), n - (n - 1) / 2);
}

TEST(Sparsity, LetsTheLastMatchingRuleWin) {
  const Sparsity plan{.level = share(900),
                      .exceptions = {{.layers = "*.attn.*", .level = share(0)},
                                     {.layers = "h.?.attn.c_attn", .level = share(500)}}};
  EXPECT_EQ(sparsity_level(matrix("h.0.mlp.c_fc", 100), plan), share(900));
  EXPECT_EQ(sparsity_level(matrix("h.0.attn.c_proj", 100), plan), share(0));
  EXPECT_EQ(sparsity_level(matrix("h.0.attn.c_attn", 100), plan), share(500));
  EXPECT_EQ(sparsity_level(matrix("h.10.attn.c_attn", 100), plan), share(0));
}

TEST(Sparsity, PrunesAnEmbeddingOnlyWhenARuleNamesIt) {
  const Layer table = matrix("wte", 100, OpKind::embedding);
  EXPECT_EQ(kept_matrix_weights(table, {.level = share(900), .exceptions = {}}), 100U);
  EXPECT_EQ(kept_matrix_weights(table, {.level = {}, .exceptions = {{.layers = "wte", .level = share(900)}}}),
            10U);
}

TEST(Sparsity, TreatsATiedMatrixAsItsOwnerDoes) {
  Layer head = matrix("lm_head", 100);
  head.tied_to = 0;
  head.matrix_owner = "wte";
  head.tied_to_embedding = true;
  EXPECT_EQ(kept_matrix_weights(head, {.level = share(900), .exceptions = {}}), 100U);
  const Sparsity named{
      .level = {},
      .exceptions = {{.layers = "wte", .level = share(500)}, {.layers = "lm_*", .level = share(900)}}};
  EXPECT_EQ(kept_matrix_weights(head, named), 50U);
}

TEST(Pattern, KnowsStarsAndQuestionMarks) {
  EXPECT_TRUE(matches_pattern("h.0.attn.c_proj", "*.attn.*"));
  EXPECT_TRUE(matches_pattern("", "*"));
  EXPECT_TRUE(matches_pattern("abc", "a*?"));
  EXPECT_TRUE(matches_pattern("aXbXc", "a*b*c"));
  EXPECT_FALSE(matches_pattern("abc", "ab"));
  EXPECT_FALSE(matches_pattern("abc", "b*"));
  EXPECT_FALSE(matches_pattern("", "?"));
  // Would take years if every star were tried at every place.
  EXPECT_FALSE(matches_pattern(std::string(2000, 'a'), "*a*a*a*a*a*a*a*a*a*a*a*a*b"));
}

// A linear layer of its own matrix.
Layer linear(const std::string& name, std::uint64_t in, std::uint64_t out) {
  Layer layer = matrix(name, in * out);
  layer.in_features = in;
  layer.out_features = out;
  return layer;
}

TEST(Erk, KeepsInProportionToTheSumOverTheProductOfTheDimensions) {
  const Graph graph{.name = {}, .tensors = {}, .layers = {linear("a", 100, 100), linear("b", 200, 300)}};
  Sparsity plan{.level = share(900), .distribution = Distribution::erk};
  settle_distribution(graph, plan);
  // 70,000 weights of which 7,000 stay; sums 200 and 500: epsilon is 10, so 2,000 and 5,000 stay.
  EXPECT_EQ(sparsity_level(graph.layers[0], plan), share(800));
  EXPECT_EQ(kept_matrix_weights(graph.layers[0], plan), 2'000U);
  EXPECT_NEAR(static_cast<double>(kept_matrix_weights(graph.layers[1], plan)), 5'000.0, 1.0);
}

TEST(Erk, LeavesAMatrixDenseThatWouldKeepMoreThanAllOfIt) {
  const Graph graph{
      .name = {}, .tensors = {}, .layers = {linear("small", 2, 10), linear("large", 1'000, 1'000)}};
  Sparsity plan{.level = share(500), .distribution = Distribution::erk};
  settle_distribution(graph, plan);
  // 1,000,020 weights, 500,010 stay: epsilon 248 would keep 2,982 of the 20 of `small`.
  EXPECT_EQ(kept_matrix_weights(graph.layers[0], plan), 20U);
  EXPECT_NEAR(static_cast<double>(kept_matrix_weights(graph.layers[1], plan)), 499'990.0, 1.0);
}

TEST(Erk, LeavesOutWhatARuleOrACountNamesAndTables) {
  Layer table = linear("wte", 100, 10);
  table.kind = OpKind::embedding;
  const Graph graph{.name = {},
                    .tensors = {},
                    .layers = {table, linear("a", 100, 100), linear("b", 100, 100), linear("c", 100, 100),
                               linear("d", 50, 50)}};
  Sparsity plan{.level = share(800),
                .distribution = Distribution::erk,
                .exceptions = {{.layers = "a", .level = share(100)}},
                .kept = {{.layer = "b", .weights = 77}}};
  settle_distribution(graph, plan);
  EXPECT_EQ(kept_matrix_weights(graph.layers[0], plan), 1'000U);
  EXPECT_EQ(kept_matrix_weights(graph.layers[1], plan), 9'000U);
  EXPECT_EQ(kept_matrix_weights(graph.layers[2], plan), 77U);
  // c and d share a fifth of 12,500 weights, as 200 to 100.
  EXPECT_NEAR(static_cast<double>(kept_matrix_weights(graph.layers[3], plan)), 1'667.0, 1.0);
  EXPECT_NEAR(static_cast<double>(kept_matrix_weights(graph.layers[4], plan)), 833.0, 1.0);
}

TEST(Erk, OfAConvolutionCountsTheSidesOfItsKernelToo) {
  Layer conv = matrix("conv", std::uint64_t{64} * 32 * 3 * 3, OpKind::convolution);
  conv.in_features = 32;
  conv.out_features = 64;
  conv.window.kernel = {.width = 3, .height = 3};
  const Graph graph{.name = {}, .tensors = {}, .layers = {conv, linear("fc", 51, 51)}};
  Sparsity plan{.level = share(900), .distribution = Distribution::erk};
  settle_distribution(graph, plan);
  // Both sums are 102, so both keep as many: half of a tenth of 18,432 + 2,601.
  EXPECT_NEAR(static_cast<double>(kept_matrix_weights(graph.layers[0], plan)), 1'051.6, 1.0);
  EXPECT_NEAR(static_cast<double>(kept_matrix_weights(graph.layers[1], plan)), 1'051.6, 1.0);
}

TEST(Erk, AtALevelOfZeroPrunesNothing) {
  const Graph graph{.name = {}, .tensors = {}, .layers = {linear("a", 100, 100), linear("b", 7, 300)}};
  Sparsity plan{.distribution = Distribution::erk};
  settle_distribution(graph, plan);
  for (const Layer& layer : graph.layers) EXPECT_EQ(kept_matrix_weights(layer, plan), layer.matrix_weights);
}

}  // namespace
}  // namespace wafersim
