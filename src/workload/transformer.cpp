// Writes transformer layers down under the names that their Hugging Face modules have.
#include "workload/transformer.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "workload/layer_writer.hpp"

namespace wafersim::workload_detail {
namespace {

std::string add_gpt2_block(LayerWriter& layers, const Gpt2Shape& shape, const std::string& in) {
  std::string x = layers.norm("ln_1", in, "layernorm");
  x = layers.linear("attn.c_attn", x, 3 * shape.width, true);
  x = layers.attention("attn.attention", {x}, {.heads = shape.heads, .kv_heads = shape.heads});
  x = layers.linear("attn.c_proj", x, shape.width, true);
  const std::string middle = layers.join("attn.residual", OpKind::residual, in, x);
  x = layers.norm("ln_2", middle, "layernorm");
  x = layers.linear("mlp.c_fc", x, shape.inner, true);
  x = layers.elementwise("mlp.act", x, shape.activation);
  x = layers.linear("mlp.c_proj", x, shape.width, true);
  return layers.join("mlp.residual", OpKind::residual, middle, x);
}

// Every token meets a few of the experts, whose hidden features lie side by side, and adds up what they give.
std::string add_experts(LayerWriter& layers, const LlamaShape& shape, const std::string& x) {
  const std::string prefix = "block_sparse_moe.";
  const std::uint64_t hidden = shape.inner * shape.experts.active;
  const std::string scores = layers.linear(prefix + "gate", x, shape.experts.count, false);
  const std::string chosen = layers.elementwise(prefix + "softmax", scores, "softmax");
  const std::string gate = layers.experts(prefix + "experts.w1", x, hidden, shape.experts);
  const std::string up = layers.experts(prefix + "experts.w3", x, hidden, shape.experts);
  const std::string opened = layers.elementwise(prefix + "experts.act_fn", gate, shape.activation);
  const std::string product = layers.join(prefix + "experts.multiply", OpKind::multiply, opened, up);
  ExpertShape combine = shape.experts;
  combine.combine = true;
  const std::string down = layers.experts(prefix + "experts.w2", product, shape.width, combine);
  // The router's weight of each chosen expert scales what it gives.
  LayerDraft weights = layers.start(prefix + "routing", OpKind::move, {chosen});
  weights.features = shape.width;
  return layers.join(prefix + "weighted", OpKind::multiply, down, layers.finish(std::move(weights)));
}

std::string add_llama_block(LayerWriter& layers, const LlamaShape& shape, const std::string& in) {
  const std::uint64_t q_width = shape.heads * shape.head_dim;
  const std::uint64_t kv_width = shape.kv_heads * shape.head_dim;
  std::string x = layers.norm("input_layernorm", in, "rmsnorm");
  const std::string q = layers.linear("self_attn.q_proj", x, q_width, shape.qkv_bias || shape.attention_bias);
  const std::string k =
      layers.linear("self_attn.k_proj", x, kv_width, shape.qkv_bias || shape.attention_bias);
  const std::string v =
      layers.linear("self_attn.v_proj", x, kv_width, shape.qkv_bias || shape.attention_bias);
  x = layers.attention("self_attn.attention", {q, k, v},
                       {.heads = shape.heads, .kv_heads = shape.kv_heads, .window = shape.window});
  x = layers.linear("self_attn.o_proj", x, shape.width, shape.attention_bias);
  const std::string middle = layers.join("self_attn.residual", OpKind::residual, in, x);
  x = layers.norm("post_attention_layernorm", middle, "rmsnorm");
  if (shape.experts.count > 1)
    return layers.join("mlp.residual", OpKind::residual, middle, add_experts(layers, shape, x));
  const std::string gate = layers.linear("mlp.gate_proj", x, shape.inner, shape.mlp_bias);
  const std::string up = layers.linear("mlp.up_proj", x, shape.inner, shape.mlp_bias);
  const std::string opened = layers.elementwise("mlp.act_fn", gate, shape.activation);
  x = layers.join("mlp.multiply", OpKind::multiply, opened, up);
  x = layers.linear("mlp.down_proj", x, shape.width, shape.mlp_bias);
  return layers.join("mlp.residual", OpKind::residual, middle, x);
}

}  // namespace

void add_gpt2(GraphBuilder& graph, const Gpt2Shape& shape, const SourceLocation& at) {
  LayerWriter layers{graph, at};
  const std::string tokens = layers.embedding("wte", shape.vocabulary, shape.width);
  const std::string positions = layers.embedding("wpe", shape.positions, shape.width);
  std::string x = layers.join("embeddings", OpKind::residual, tokens, positions);
  for (std::uint32_t i = 0; i < shape.layers; ++i) {
    layers.enter(fmt::format("h.{}", i), i + 1);
    x = add_gpt2_block(layers, shape, x);
  }
  layers.leave();
  x = layers.norm("ln_f", x, "layernorm");
  layers.head("lm_head", x, shape.vocabulary, tokens, shape.tied);
}

void add_llama(GraphBuilder& graph, const LlamaShape& shape, const SourceLocation& at) {
  LayerWriter layers{graph, at};
  const std::string tokens = layers.embedding("embed_tokens", shape.vocabulary, shape.width);
  std::string x = tokens;
  for (std::uint32_t i = 0; i < shape.layers; ++i) {
    layers.enter(fmt::format("layers.{}", i), i + 1);
    x = add_llama_block(layers, shape, x);
  }
  layers.leave();
  x = layers.norm("norm", x, "rmsnorm");
  layers.head("lm_head", x, shape.vocabulary, tokens, shape.tied);
}

}  // namespace wafersim::workload_detail
