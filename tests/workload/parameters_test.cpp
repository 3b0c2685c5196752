// Parameter counts of real models, exactly as published and as the formula of each architecture gives them.
#include <gtest/gtest.h>

#include "workload/transformer.hpp"

namespace wafersim {
namespace {

using workload_detail::add_gpt2;
using workload_detail::add_llama;
using workload_detail::LlamaShape;

std::uint64_t gpt2_parameters(std::uint64_t layers, std::uint64_t width, std::uint64_t heads) {
  GraphBuilder graph{"gpt2", {}};
  add_gpt2(graph,
           {.vocabulary = 50257,
            .positions = 1024,
            .width = width,
            .layers = layers,
            .heads = heads,
            .inner = 4 * width,
            .activation = "gelu"},
           {.file = "config.json", .line = 1, .column = 1});
  return graph.build().parameters();
}

// Two tables; per block 12 d² of matrices, 9 d of their biases and 4 d of norms; a last norm.
std::uint64_t gpt2_formula(std::uint64_t layers, std::uint64_t d) {
  return (50257 + 1024) * d + layers * (12 * d * d + 13 * d) + 2 * d;
}

TEST(Parameters, OfTheFourGpt2SizesAreExact) {
  // source: the checkpoints gpt2, gpt2-medium, gpt2-large and gpt2-xl on huggingface.co
  EXPECT_EQ(gpt2_parameters(12, 768, 12), 124'439'808U);
  EXPECT_EQ(gpt2_parameters(24, 1024, 16), 354'823'168U);
  EXPECT_EQ(gpt2_parameters(36, 1280, 20), 774'030'080U);
  EXPECT_EQ(gpt2_parameters(48, 1600, 25), 1'557'611'200U);
  EXPECT_EQ(gpt2_formula(12, 768), 124'439'808U);
  EXPECT_EQ(gpt2_formula(24, 1024), 354'823'168U);
  EXPECT_EQ(gpt2_formula(36, 1280), 774'030'080U);
  EXPECT_EQ(gpt2_formula(48, 1600), 1'557'611'200U);
}

LlamaShape llama_shape(std::uint64_t layers, std::uint64_t width, std::uint64_t heads, std::uint64_t kv_heads,
                       std::uint64_t inner) {
  return {.vocabulary = 32000,
          .width = width,
          .layers = layers,
          .heads = heads,
          .kv_heads = kv_heads,
          .head_dim = width / heads,
          .inner = inner,
          .activation = "silu"};
}

Graph llama(const LlamaShape& shape) {
  GraphBuilder graph{"llama", {}};
  add_llama(graph, shape, {.file = "config.json", .line = 1, .column = 1});
  return graph.build();
}

// Table and projection; per block q and o (d²), k and v (shared by groups), three MLP matrices, two gains; a
// last gain.
std::uint64_t llama_formula(const LlamaShape& s) {
  const std::uint64_t kv = s.kv_heads * s.head_dim;
  const std::uint64_t block = 2 * s.width * s.width + 2 * s.width * kv + 3 * s.width * s.inner + 2 * s.width;
  return 2 * s.vocabulary * s.width + s.layers * block + s.width;
}

TEST(Parameters, OfLlama2AreExact) {
  // source: Touvron et al., arXiv 2307.09288, and the checkpoints on huggingface.co
  const LlamaShape small = llama_shape(32, 4096, 32, 32, 11008);
  EXPECT_EQ(llama(small).parameters(), 6'738'415'616U);
  EXPECT_EQ(llama_formula(small), 6'738'415'616U);
  const LlamaShape large = llama_shape(80, 8192, 64, 8, 28672);
  EXPECT_EQ(llama(large).parameters(), 68'976'648'192U);
  EXPECT_EQ(llama_formula(large), 68'976'648'192U);
}

TEST(Parameters, OfATiedLlamaLackTheProjection) {
  LlamaShape shape = llama_shape(2, 64, 4, 2, 128);
  const std::uint64_t untied = llama(shape).parameters();
  shape.tied = true;
  EXPECT_EQ(llama(shape).parameters(), untied - 32000 * 64);
}

TEST(Parameters, OfALlamaWithBiasesCountThem) {
  LlamaShape shape = llama_shape(2, 64, 4, 2, 128);
  const std::uint64_t plain = llama(shape).parameters();
  shape.attention_bias = true;  // q 64, k 32, v 32, o 64
  EXPECT_EQ(llama(shape).parameters(), plain + 2 * 192);
  shape.mlp_bias = true;  // gate 128, up 128, down 64
  EXPECT_EQ(llama(shape).parameters(), plain + 2 * (192 + 320));
}

TEST(Layers, KeepTheNamesOfTheirHuggingFaceModules) {
  const Graph graph = llama(llama_shape(1, 64, 4, 2, 128));
  std::string names;
  for (const Layer& layer : graph.layers) names += layer.name + " ";
  EXPECT_EQ(names,
            "embed_tokens layers.0.input_layernorm layers.0.self_attn.q_proj layers.0.self_attn.k_proj "
            "layers.0.self_attn.v_proj layers.0.self_attn.attention layers.0.self_attn.o_proj "
            "layers.0.self_attn.residual layers.0.post_attention_layernorm layers.0.mlp.gate_proj "
            "layers.0.mlp.up_proj layers.0.mlp.act_fn layers.0.mlp.multiply layers.0.mlp.down_proj "
            "layers.0.mlp.residual norm lm_head loss ");
  EXPECT_EQ(graph.layers[0].block, 0U);
  EXPECT_EQ(graph.layers[1].block, 1U);
  EXPECT_EQ(graph.layers[14].block, 1U);
  EXPECT_EQ(graph.layers[15].block, 0U);
}

TEST(Layers, AreCountedRightBeforeTheyAreMade) {
  for (const std::uint64_t blocks : {1, 5}) {
    EXPECT_LE(llama(llama_shape(blocks, 64, 4, 2, 128)).layers.size(),
              blocks * workload_detail::kLayersPerLlamaBlock + workload_detail::kLayersBesideBlocks);
    GraphBuilder gpt2{"gpt2", {}};
    add_gpt2(gpt2,
             {.vocabulary = 9,
              .positions = 9,
              .width = 8,
              .layers = blocks,
              .heads = 2,
              .inner = 8,
              .activation = "relu"},
             {});
    EXPECT_EQ(gpt2.size(),
              blocks * workload_detail::kLayersPerGpt2Block + workload_detail::kLayersBesideBlocks);
  }
}

}  // namespace
}  // namespace wafersim
