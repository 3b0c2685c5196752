// Writes transformer layers down under the names that their Hugging Face modules have.
#include "workload/transformer.hpp"

#include <initializer_list>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace wafersim::workload_detail {
namespace {

// Adds layers one after another; each verb returns the new layer's name, so that it can be the next one's
// input.
class Writer {
 public:
  Writer(GraphBuilder& graph, SourceLocation at) : graph_{graph}, at_{std::move(at)} {}

  // Names from here on start with "prefix.", and belong to this recomputation block.
  void enter(std::string prefix, std::uint32_t block) {
    prefix_ = std::move(prefix) + ".";
    block_ = block;
  }
  void leave() {
    prefix_.clear();
    block_ = 0;
  }

  std::string embedding(const std::string& name, std::uint64_t rows, std::uint64_t features) {
    LayerDraft draft = start(name, OpKind::embedding, {});
    draft.rows = rows;
    draft.features = features;
    return finish(std::move(draft));
  }
  std::string linear(const std::string& name, const std::string& input, std::uint64_t features, bool bias) {
    LayerDraft draft = start(name, OpKind::linear, {input});
    draft.features = features;
    draft.bias = bias;
    return finish(std::move(draft));
  }
  std::string norm(const std::string& name, const std::string& input, const std::string& function) {
    LayerDraft draft = start(name, OpKind::norm, {input});
    draft.function = function;
    draft.bias = function == "layernorm";
    return finish(std::move(draft));
  }
  std::string attention(const std::string& name, std::vector<std::string> inputs, std::uint64_t heads,
                        std::uint64_t kv_heads) {
    LayerDraft draft = start(name, OpKind::attention, std::move(inputs));
    draft.heads = heads;
    draft.kv_heads = kv_heads;
    return finish(std::move(draft));
  }
  std::string elementwise(const std::string& name, const std::string& input, const std::string& function) {
    LayerDraft draft = start(name, OpKind::elementwise, {input});
    draft.function = function;
    return finish(std::move(draft));
  }
  std::string join(const std::string& name, OpKind op, const std::string& a, const std::string& b) {
    return finish(start(name, op, {a, b}));
  }
  // The output projection and the loss.
  void head(const std::string& input, std::uint64_t vocabulary, const std::string& table, bool tied) {
    LayerDraft draft = start("lm_head", OpKind::linear, {input});
    draft.features = vocabulary;
    if (tied) draft.tied_to = Reference{.layer = table, .at = at_};
    (void)finish(start("loss", OpKind::loss, {finish(std::move(draft))}));
  }

 private:
  [[nodiscard]] LayerDraft start(const std::string& name, OpKind op, std::vector<std::string> inputs) const {
    LayerDraft draft;
    draft.name = prefix_ + name;
    draft.op = op;
    draft.at = at_;
    draft.block = block_;
    for (std::string& input : inputs) draft.inputs.push_back({.layer = std::move(input), .at = at_});
    return draft;
  }
  std::string finish(LayerDraft draft) {
    std::string name = draft.name;
    graph_.add(std::move(draft));
    return name;
  }

  GraphBuilder& graph_;
  SourceLocation at_;
  std::string prefix_;
  std::uint32_t block_{};
};

std::string add_gpt2_block(Writer& layers, const Gpt2Shape& shape, const std::string& in) {
  std::string x = layers.norm("ln_1", in, "layernorm");
  x = layers.linear("attn.c_attn", x, 3 * shape.width, true);
  x = layers.attention("attn.attention", {x}, shape.heads, shape.heads);
  x = layers.linear("attn.c_proj", x, shape.width, true);
  const std::string middle = layers.join("attn.residual", OpKind::residual, in, x);
  x = layers.norm("ln_2", middle, "layernorm");
  x = layers.linear("mlp.c_fc", x, shape.inner, true);
  x = layers.elementwise("mlp.act", x, shape.activation);
  x = layers.linear("mlp.c_proj", x, shape.width, true);
  return layers.join("mlp.residual", OpKind::residual, middle, x);
}

std::string add_llama_block(Writer& layers, const LlamaShape& shape, const std::string& in) {
  const std::uint64_t q_width = shape.heads * shape.head_dim;
  const std::uint64_t kv_width = shape.kv_heads * shape.head_dim;
  std::string x = layers.norm("input_layernorm", in, "rmsnorm");
  const std::string q = layers.linear("self_attn.q_proj", x, q_width, shape.attention_bias);
  const std::string k = layers.linear("self_attn.k_proj", x, kv_width, shape.attention_bias);
  const std::string v = layers.linear("self_attn.v_proj", x, kv_width, shape.attention_bias);
  x = layers.attention("self_attn.attention", {q, k, v}, shape.heads, shape.kv_heads);
  x = layers.linear("self_attn.o_proj", x, shape.width, shape.attention_bias);
  const std::string middle = layers.join("self_attn.residual", OpKind::residual, in, x);
  x = layers.norm("post_attention_layernorm", middle, "rmsnorm");
  const std::string gate = layers.linear("mlp.gate_proj", x, shape.inner, shape.mlp_bias);
  const std::string up = layers.linear("mlp.up_proj", x, shape.inner, shape.mlp_bias);
  const std::string opened = layers.elementwise("mlp.act_fn", gate, shape.activation);
  x = layers.join("mlp.multiply", OpKind::multiply, opened, up);
  x = layers.linear("mlp.down_proj", x, shape.width, shape.mlp_bias);
  return layers.join("mlp.residual", OpKind::residual, middle, x);
}

}  // namespace

void add_gpt2(GraphBuilder& graph, const Gpt2Shape& shape, const SourceLocation& at) {
  Writer layers{graph, at};
  const std::string tokens = layers.embedding("wte", shape.vocabulary, shape.width);
  const std::string positions = layers.embedding("wpe", shape.positions, shape.width);
  std::string x = layers.join("embeddings", OpKind::residual, tokens, positions);
  for (std::uint32_t i = 0; i < shape.layers; ++i) {
    layers.enter(fmt::format("h.{}", i), i + 1);
    x = add_gpt2_block(layers, shape, x);
  }
  layers.leave();
  x = layers.norm("ln_f", x, "layernorm");
  layers.head(x, shape.vocabulary, tokens, shape.tied);
}

void add_llama(GraphBuilder& graph, const LlamaShape& shape, const SourceLocation& at) {
  Writer layers{graph, at};
  const std::string tokens = layers.embedding("embed_tokens", shape.vocabulary, shape.width);
  std::string x = tokens;
  for (std::uint32_t i = 0; i < shape.layers; ++i) {
    layers.enter(fmt::format("layers.{}", i), i + 1);
    x = add_llama_block(layers, shape, x);
  }
  layers.leave();
  x = layers.norm("norm", x, "rmsnorm");
  layers.head(x, shape.vocabulary, tokens, shape.tied);
}

}  // namespace wafersim::workload_detail
