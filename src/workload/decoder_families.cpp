// Decoders: one block with switches for what the families do differently.
#include <algorithm>

#include <fmt/format.h>

#include "workload/layer_writer.hpp"
#include "workload/model_families.hpp"
#include "workload/transformer.hpp"

namespace wafersim::workload_detail {
namespace {

// What the modules of a family are called.
struct DecoderNames {
  std::string tokens{};
  std::string positions{};
  std::string embedding_norm{};
  std::string block{};
  std::string norm_1{};
  std::string qkv{};
  std::string q{};
  std::string k{};
  std::string v{};
  std::string out{};
  std::string norm_2{};
  std::string up{};
  std::string down{};
  std::string norm{};
  std::string head{};
};

struct DecoderShape {
  DecoderNames names{};
  std::uint64_t vocabulary{};
  std::uint64_t positions{};  // rows of the table of positions; 0: there is none
  std::uint64_t width{};
  std::uint64_t layers{};
  std::uint64_t heads{};
  std::uint64_t kv_heads{};
  std::uint64_t inner{};
  std::string activation{};
  bool qkv_bias{};
  bool out_bias{};
  bool mlp_bias{};
  bool parallel{};      // attention and MLP start from the same place
  bool own_mlp_norm{};  // each from a norm of its own
  bool tied{};
  bool head_bias{};
  std::vector<std::uint64_t> windows{};  // of each block; empty: none has one
};

constexpr std::uint64_t kLayersPerBlock = 14;

std::string add_attention(LayerWriter& layers, const DecoderShape& shape, const std::string& x,
                          std::uint64_t block) {
  const std::uint64_t head_dim = shape.width / shape.heads;
  const std::uint64_t kv = shape.kv_heads * head_dim;
  const DecoderNames& names = shape.names;
  std::vector<std::string> inputs;
  if (!names.qkv.empty()) {
    inputs = {layers.linear(names.qkv, x, shape.width + 2 * kv, shape.qkv_bias)};
  } else {
    inputs = {layers.linear(names.q, x, shape.width, shape.qkv_bias),
              layers.linear(names.k, x, kv, shape.qkv_bias), layers.linear(names.v, x, kv, shape.qkv_bias)};
  }
  const std::string mixed = layers.attention("attention", inputs,
                                             {.heads = shape.heads,
                                              .kv_heads = shape.kv_heads,
                                              .head_dim = head_dim,
                                              .window = shape.windows.empty() ? 0 : shape.windows[block]});
  return layers.linear(names.out, mixed, shape.width, shape.out_bias);
}

std::string add_mlp(LayerWriter& layers, const DecoderShape& shape, const std::string& x) {
  const std::string up = layers.linear(shape.names.up, x, shape.inner, shape.mlp_bias);
  return layers.linear(shape.names.down, layers.elementwise("mlp.act", up, shape.activation), shape.width,
                       shape.mlp_bias);
}

std::string add_block(LayerWriter& layers, const DecoderShape& shape, const std::string& in,
                      std::uint64_t block) {
  const std::string normed = layers.norm(shape.names.norm_1, in, "layernorm");
  const std::string attended = add_attention(layers, shape, normed, block);
  if (!shape.parallel) {
    const std::string middle = layers.join("attention_residual", OpKind::residual, in, attended);
    const std::string x = add_mlp(layers, shape, layers.norm(shape.names.norm_2, middle, "layernorm"));
    return layers.join("mlp_residual", OpKind::residual, middle, x);
  }
  const std::string from = shape.own_mlp_norm ? layers.norm(shape.names.norm_2, in, "layernorm") : normed;
  const std::string sum = layers.join("attention_residual", OpKind::residual, in, attended);
  return layers.join("mlp_residual", OpKind::residual, sum, add_mlp(layers, shape, from));
}

ImportedModel build(const DecoderShape& shape, ModelKeys& keys, const Tree& config, const std::string& name,
                    ImportedModel model) {
  model.resolved = keys.finish();
  GraphBuilder graph{name, config.at};
  LayerWriter layers{graph, config.at};
  const DecoderNames& names = shape.names;
  const std::string tokens = layers.embedding(names.tokens, shape.vocabulary, shape.width);
  std::string x = tokens;
  if (shape.positions > 0) {
    x = layers.join("embeddings", OpKind::residual, x,
                    layers.embedding(names.positions, shape.positions, shape.width));
  }
  if (!names.embedding_norm.empty()) x = layers.norm(names.embedding_norm, x, "layernorm");
  for (std::uint32_t i = 0; i < shape.layers; ++i) {
    layers.enter(fmt::format("{}.{}", names.block, i), i + 1);
    x = add_block(layers, shape, x, i);
  }
  layers.leave();
  x = layers.norm(names.norm, x, "layernorm");
  layers.head(names.head, x, shape.vocabulary, tokens, shape.tied, shape.head_bias);
  model.graph = graph.build();
  return model;
}

}  // namespace

ImportedModel import_gpt_neo(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "gpt_neo"};
  ImportedModel model;
  DecoderShape shape{.names = {.tokens = "wte",
                               .positions = "wpe",
                               .block = "h",
                               .norm_1 = "ln_1",
                               .q = "attn.attention.q_proj",
                               .k = "attn.attention.k_proj",
                               .v = "attn.attention.v_proj",
                               .out = "attn.attention.out_proj",
                               .norm_2 = "ln_2",
                               .up = "mlp.c_fc",
                               .down = "mlp.c_proj",
                               .norm = "ln_f",
                               .head = "lm_head"}};
  shape.vocabulary = keys.size("vocab_size");
  shape.positions = keys.size("max_position_embeddings");
  shape.width = keys.size("hidden_size");
  shape.layers = keys.size("num_layers");
  shape.heads = shape.kv_heads = keys.size("num_heads");
  shape.inner = keys.size_or("intermediate_size", 4 * shape.width);
  shape.activation = keys.activation_or("activation_function", "gelu_new");
  shape.tied = keys.flag_or("tie_word_embeddings", true);
  shape.out_bias = shape.mlp_bias = true;
  const std::uint64_t window = keys.size_or("window_size", 256);
  keys.require_multiple("hidden_size", shape.width, "num_heads", shape.heads);
  keys.limit_layers("num_layers", shape.layers, kLayersPerBlock);
  for (const bool local : keys.alternating("attention_types", "local", shape.layers)) {
    shape.windows.push_back(local ? window : 0);
  }
  model.max_positions = shape.positions;
  model.learned_positions = true;
  return build(shape, keys, config, name, std::move(model));
}

ImportedModel import_gpt_neox(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "gpt_neox"};
  ImportedModel model;
  DecoderShape shape{.names = {.tokens = "embed_in",
                               .block = "layers",
                               .norm_1 = "input_layernorm",
                               .qkv = "attention.query_key_value",
                               .out = "attention.dense",
                               .norm_2 = "post_attention_layernorm",
                               .up = "mlp.dense_h_to_4h",
                               .down = "mlp.dense_4h_to_h",
                               .norm = "final_layer_norm",
                               .head = "embed_out"}};
  shape.vocabulary = keys.size("vocab_size");
  shape.width = keys.size("hidden_size");
  shape.layers = keys.size("num_hidden_layers");
  shape.heads = shape.kv_heads = keys.size("num_attention_heads");
  shape.inner = keys.size("intermediate_size");
  shape.activation = keys.activation_or("hidden_act", "gelu");
  shape.tied = keys.flag_or("tie_word_embeddings", false);
  shape.parallel = keys.flag_or("use_parallel_residual", true);
  shape.own_mlp_norm = true;
  shape.qkv_bias = shape.out_bias = keys.flag_or("attention_bias", true);
  shape.mlp_bias = true;
  keys.require_multiple("hidden_size", shape.width, "num_attention_heads", shape.heads);
  keys.limit_layers("num_hidden_layers", shape.layers, kLayersPerBlock);
  model.max_positions = keys.optional_size("max_position_embeddings");
  return build(shape, keys, config, name, std::move(model));
}

ImportedModel import_gptj(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "gptj"};
  ImportedModel model;
  DecoderShape shape{.names = {.tokens = "wte",
                               .block = "h",
                               .norm_1 = "ln_1",
                               .q = "attn.q_proj",
                               .k = "attn.k_proj",
                               .v = "attn.v_proj",
                               .out = "attn.out_proj",
                               .up = "mlp.fc_in",
                               .down = "mlp.fc_out",
                               .norm = "ln_f",
                               .head = "lm_head"}};
  shape.vocabulary = keys.size("vocab_size");
  shape.width = keys.size("n_embd");
  shape.layers = keys.size("n_layer");
  shape.heads = shape.kv_heads = keys.size("n_head");
  shape.inner = keys.size_or("n_inner", 4 * shape.width);
  shape.activation = keys.activation_or("activation_function", "gelu_new");
  shape.tied = keys.flag_or("tie_word_embeddings", false);
  shape.parallel = shape.mlp_bias = shape.head_bias = true;
  keys.require_multiple("n_embd", shape.width, "n_head", shape.heads);
  keys.limit_layers("n_layer", shape.layers, kLayersPerBlock);
  model.max_positions = keys.optional_size("n_positions");
  return build(shape, keys, config, name, std::move(model));
}

ImportedModel import_opt(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "opt"};
  ImportedModel model;
  DecoderShape shape{.names = {.tokens = "embed_tokens",
                               .positions = "embed_positions",
                               .block = "layers",
                               .norm_1 = "self_attn_layer_norm",
                               .q = "self_attn.q_proj",
                               .k = "self_attn.k_proj",
                               .v = "self_attn.v_proj",
                               .out = "self_attn.out_proj",
                               .norm_2 = "final_layer_norm",
                               .up = "fc1",
                               .down = "fc2",
                               .norm = "final_layer_norm",
                               .head = "lm_head"}};
  constexpr std::uint64_t kReserved = 2;  // rows that OPT's table has before the first position
  shape.vocabulary = keys.size("vocab_size");
  const std::uint64_t positions = keys.size("max_position_embeddings");
  shape.positions = positions + kReserved;
  shape.width = keys.size("hidden_size");
  shape.layers = keys.size("num_hidden_layers");
  shape.heads = shape.kv_heads = keys.size("num_attention_heads");
  shape.inner = keys.size("ffn_dim");
  shape.activation = keys.activation_or("activation_function", "relu");
  shape.tied = keys.flag_or("tie_word_embeddings", true);
  shape.qkv_bias = shape.out_bias = shape.mlp_bias = keys.flag_or("enable_bias", true);
  keys.require_equal("word_embed_proj_dim", shape.width, "hidden_size");
  keys.require_flag("do_layer_norm_before", true);
  keys.require_multiple("hidden_size", shape.width, "num_attention_heads", shape.heads);
  keys.limit_layers("num_hidden_layers", shape.layers, kLayersPerBlock);
  model.max_positions = positions;
  model.learned_positions = true;
  return build(shape, keys, config, name, std::move(model));
}

ImportedModel import_bloom(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "bloom"};
  ImportedModel model;
  DecoderShape shape{.names = {.tokens = "word_embeddings",
                               .embedding_norm = "word_embeddings_layernorm",
                               .block = "h",
                               .norm_1 = "input_layernorm",
                               .qkv = "self_attention.query_key_value",
                               .out = "self_attention.dense",
                               .norm_2 = "post_attention_layernorm",
                               .up = "mlp.dense_h_to_4h",
                               .down = "mlp.dense_4h_to_h",
                               .norm = "ln_f",
                               .head = "lm_head"}};
  shape.vocabulary = keys.size("vocab_size");
  shape.width = keys.either_size("hidden_size", "n_embed");
  shape.layers = keys.either_size("n_layer", "num_hidden_layers");
  shape.heads = shape.kv_heads = keys.either_size("n_head", "num_attention_heads");
  shape.inner = 4 * shape.width;
  shape.activation = "gelu";
  shape.tied = keys.flag_or("tie_word_embeddings", true);
  shape.qkv_bias = shape.out_bias = shape.mlp_bias = true;
  keys.require_multiple("hidden_size", shape.width, "n_head", shape.heads);
  keys.limit_layers("n_layer", shape.layers, kLayersPerBlock);
  model.max_positions = keys.optional_size("seq_length");
  return build(shape, keys, config, name, std::move(model));
}

ImportedModel import_falcon(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "falcon"};
  ImportedModel model;
  DecoderShape shape{.names = {.tokens = "word_embeddings",
                               .block = "h",
                               .norm_1 = "input_layernorm",
                               .qkv = "self_attention.query_key_value",
                               .out = "self_attention.dense",
                               .norm_2 = "post_attention_layernorm",
                               .up = "mlp.dense_h_to_4h",
                               .down = "mlp.dense_4h_to_h",
                               .norm = "ln_f",
                               .head = "lm_head"}};
  shape.vocabulary = keys.size("vocab_size");
  shape.width = keys.size("hidden_size");
  shape.layers = keys.either_size("num_hidden_layers", "n_layer");
  shape.heads = keys.either_size("num_attention_heads", "n_head");
  shape.inner = keys.size_or("ffn_hidden_size", 4 * shape.width);
  shape.activation = keys.activation_or("activation", "gelu");
  const bool grouped = keys.flag_or("new_decoder_architecture", false);
  const bool one_key = keys.flag_or("multi_query", true);
  shape.kv_heads = grouped ? keys.size_or("num_kv_heads", shape.heads) : one_key ? 1 : shape.heads;
  shape.parallel = keys.flag_or("parallel_attn", true) || grouped;
  shape.own_mlp_norm = grouped && keys.size_or("num_ln_in_parallel_attn", 2) == 2;
  if (grouped && shape.own_mlp_norm) {
    shape.names.norm_1 = "ln_attn";
    shape.names.norm_2 = "ln_mlp";
  }
  shape.qkv_bias = shape.out_bias = shape.mlp_bias = keys.flag_or("bias", false);
  shape.tied = keys.flag_or("tie_word_embeddings", true);
  keys.require_multiple("hidden_size", shape.width, "num_attention_heads", shape.heads);
  keys.require_multiple("num_attention_heads", shape.heads, "num_kv_heads", shape.kv_heads);
  keys.limit_layers("num_hidden_layers", shape.layers, kLayersPerBlock);
  model.max_positions = keys.size_or("max_position_embeddings", 2048);
  return build(shape, keys, config, name, std::move(model));
}

ImportedModel import_phi(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "phi"};
  ImportedModel model;
  DecoderShape shape{.names = {.tokens = "embed_tokens",
                               .block = "layers",
                               .norm_1 = "input_layernorm",
                               .q = "self_attn.q_proj",
                               .k = "self_attn.k_proj",
                               .v = "self_attn.v_proj",
                               .out = "self_attn.dense",
                               .up = "mlp.fc1",
                               .down = "mlp.fc2",
                               .norm = "final_layernorm",
                               .head = "lm_head"}};
  shape.vocabulary = keys.size("vocab_size");
  shape.width = keys.size("hidden_size");
  shape.layers = keys.size("num_hidden_layers");
  shape.heads = keys.size("num_attention_heads");
  shape.kv_heads = keys.size_or("num_key_value_heads", shape.heads);
  shape.inner = keys.size("intermediate_size");
  shape.activation = keys.activation_or("hidden_act", "gelu_new");
  shape.tied = keys.flag_or("tie_word_embeddings", false);
  shape.parallel = true;
  shape.qkv_bias = shape.out_bias = shape.mlp_bias = shape.head_bias = true;
  keys.require_multiple("hidden_size", shape.width, "num_attention_heads", shape.heads);
  keys.require_multiple("num_attention_heads", shape.heads, "num_key_value_heads", shape.kv_heads);
  keys.limit_layers("num_hidden_layers", shape.layers, kLayersPerBlock);
  model.max_positions = keys.optional_size("max_position_embeddings");
  return build(shape, keys, config, name, std::move(model));
}

}  // namespace wafersim::workload_detail
