// Work and memory of a workload, against closed formulas.
#include "wafersim/workload/summary.hpp"

#include <gtest/gtest.h>

#include "workload/graph_fixture.hpp"
#include "workload/transformer.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kVocabulary = 100;
constexpr std::uint64_t kWidth = 16;
constexpr std::uint64_t kBlocks = 3;
constexpr std::uint64_t kSequence = 32;

Workload small_gpt2(Recompute recompute) {
  GraphBuilder graph{"gpt2", {}};
  workload_detail::add_gpt2(graph,
                            {.vocabulary = kVocabulary,
                             .positions = kSequence,
                             .width = kWidth,
                             .layers = kBlocks,
                             .heads = 4,
                             .inner = 4 * kWidth,
                             .activation = "gelu"},
                            {});
  Workload workload{.graph = graph.build(), .plan = {}};
  workload.plan.sequence_length = kSequence;
  workload.plan.recompute = recompute;
  return workload;
}

// Multiply-adds of one sequence: 12 d² of matrices a token, and 2 · d for each pair of tokens that a causal
// mask leaves.
constexpr std::uint64_t kPairs = kSequence * (kSequence + 1) / 2;
constexpr std::uint64_t kBlockMacs = kSequence * 12 * kWidth * kWidth + 2 * kWidth * kPairs;
constexpr std::uint64_t kHeadMacs = kSequence * kWidth * kVocabulary;

TEST(Work, IsTwoFlopsForAMultiplyAddAndTwiceThatBackward) {
  const Work work = work_of(small_gpt2(Recompute::none), 5);
  const std::uint64_t macs = 5 * (kBlocks * kBlockMacs + kHeadMacs);
  EXPECT_TRUE((work.done == Flops{.forward = 2 * macs, .backward = 4 * macs, .recompute = 0}));
  EXPECT_TRUE((work.skipped == Flops{}));
}

TEST(Work, RunsTheBlocksAndNothingElseAgainWhenRecomputing) {
  const Work work = work_of(small_gpt2(Recompute::layer), 5);
  EXPECT_TRUE(work.done.recompute == Wide{2 * 5 * kBlocks * kBlockMacs});
}

TEST(Work, IsForwardOnlyWhenEvaluating) {
  Workload workload = small_gpt2(Recompute::layer);
  workload.plan.mode = StepMode::evaluate;
  const std::uint64_t macs = 5 * (kBlocks * kBlockMacs + kHeadMacs);
  EXPECT_TRUE((work_of(workload, 5).done == Flops{.forward = 2 * macs, .backward = 0, .recompute = 0}));
}

TEST(Work, DividesIntoDoneAndSkippedExactly) {
  const Work dense = work_of(small_gpt2(Recompute::layer), 7);
  Workload sparse = small_gpt2(Recompute::layer);
  sparse.plan.sparsity.level = Fraction{.billionths = 900'000'000};
  const Work work = work_of(sparse, 7);
  EXPECT_TRUE(work.done.total() + work.skipped.total() == dense.done.total());
  // Of each matrix n - floor(0.9 n) weights stay: 768 -> 77, 256 -> 26, 1024 -> 103, 1024 -> 103; the tied
  // projection stays whole, and attention has no weights.
  const std::uint64_t kept = kBlocks * (77 + 26 + 103 + 103) * kSequence;
  const std::uint64_t rest = kBlocks * 2 * kWidth * kPairs + kHeadMacs;
  EXPECT_TRUE(work.done.forward == Wide{2 * 7 * (kept + rest)});
}

TEST(Work, HoldsTotalsBeyond64Bits) {
  Workload workload = small_gpt2(Recompute::none);
  const std::uint64_t sequences = 1'000'000'000'000'000'000;
  const Work one = work_of(workload, 1);
  EXPECT_TRUE(work_of(workload, sequences).done.total() == one.done.total() * sequences);
}

TEST(Summary, CountsLayersParametersAndBlocks) {
  const WorkloadSummary summary = summarize(small_gpt2(Recompute::none));
  EXPECT_EQ(summary.layers, 3 + 10 * kBlocks + 3);
  EXPECT_EQ(summary.blocks, kBlocks);
  EXPECT_EQ(summary.parameters,
            (kVocabulary + kSequence) * kWidth + kBlocks * (12 * kWidth * kWidth + 13 * kWidth) + 2 * kWidth);
  EXPECT_EQ(summary.kept_weights, summary.parameters);
  std::uint64_t layers = 0;
  std::uint64_t parameters = 0;
  for (const KindSummary& kind : summary.kinds) {
    layers += kind.layers;
    parameters += kind.parameters;
  }
  EXPECT_EQ(layers, summary.layers);
  EXPECT_EQ(parameters, summary.parameters);
  ASSERT_EQ(summary.largest.size(), 10U);
  EXPECT_EQ(summary.largest.front(), 0U);  // the table: 100 · 16 is more than 64 · 16
}

TEST(Summary, KeepsWhatTheBackwardPassReads) {
  const ActivationSummary all = summarize(small_gpt2(Recompute::none)).activations;
  // Of a block: its input (norm), norm (c_attn), q k v (attention), attention (c_proj), residual (norm), norm
  // (c_fc), c_fc (gelu), gelu (c_proj) = 1+1+3+1+1+1+4+4 widths; then the last residual, norm and the logits.
  EXPECT_EQ(all.kept_features, kBlocks * 16 * kWidth + 2 * kWidth + kVocabulary);
  EXPECT_EQ(all.recomputed_features, 0U);
}

TEST(Summary, KeepsOnlyTheInputOfABlockWhenRecomputing) {
  const ActivationSummary some = summarize(small_gpt2(Recompute::layer)).activations;
  EXPECT_EQ(some.kept_features, kBlocks * kWidth + 2 * kWidth + kVocabulary);
  EXPECT_EQ(some.recomputed_features, 15 * kWidth);  // one block at a time, without its input
}

}  // namespace
}  // namespace wafersim
