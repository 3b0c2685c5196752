// BERT, RoBERTa, ViT and T5.
#include <fmt/format.h>

#include "workload/layer_writer.hpp"
#include "workload/model_families.hpp"
#include "workload/transformer.hpp"

namespace wafersim::workload_detail {
namespace {

constexpr std::uint64_t kLayersPerBlock = 32;

struct EncoderShape {
  std::uint64_t width{};
  std::uint64_t layers{};
  std::uint64_t heads{};
  std::uint64_t inner{};
  std::string activation{};

  [[nodiscard]] AttentionShape attention() const {
    return {.heads = heads, .kv_heads = heads, .head_dim = width / heads, .causal = false};
  }
};

EncoderShape read_encoder(ModelKeys& keys) {
  EncoderShape shape;
  shape.width = keys.size("hidden_size");
  shape.layers = keys.size("num_hidden_layers");
  shape.heads = keys.size("num_attention_heads");
  shape.inner = keys.size("intermediate_size");
  shape.activation = keys.activation_or("hidden_act", "gelu");
  keys.require_multiple("hidden_size", shape.width, "num_attention_heads", shape.heads);
  keys.limit_layers("num_hidden_layers", shape.layers, kLayersPerBlock);
  return shape;
}

std::string add_attention(LayerWriter& layers, const EncoderShape& shape, const std::string& prefix,
                          const std::string& x, bool bias) {
  const std::vector<std::string> qkv{layers.linear(prefix + "query", x, shape.width, bias),
                                     layers.linear(prefix + "key", x, shape.width, bias),
                                     layers.linear(prefix + "value", x, shape.width, bias)};
  const std::string mixed = layers.attention("attention", qkv, shape.attention());
  return layers.linear("attention.output.dense", mixed, shape.width, true);
}

std::string add_mlp(LayerWriter& layers, const EncoderShape& shape, const std::string& x) {
  const std::string up = layers.linear("intermediate.dense", x, shape.inner, true);
  return layers.linear("output.dense", layers.elementwise("intermediate.act", up, shape.activation),
                       shape.width, true);
}

// Norms come after the sums.
std::string add_bert_block(LayerWriter& layers, const EncoderShape& shape, const std::string& in) {
  std::string x = add_attention(layers, shape, "attention.self.", in, true);
  x = layers.join("attention.residual", OpKind::residual, in, x);
  const std::string middle = layers.norm("attention.output.LayerNorm", x, "layernorm");
  x = layers.join("output.residual", OpKind::residual, middle, add_mlp(layers, shape, middle));
  return layers.norm("output.LayerNorm", x, "layernorm");
}

// The first position alone.
std::string first_position(LayerWriter& layers, const std::string& x) {
  LayerDraft draft = layers.start("first_token", OpKind::move, {x});
  draft.extent = Extent{1, 1};
  return layers.finish(std::move(draft));
}

// Names of the head that predicts masked words.
struct WordHead {
  std::string dense, norm, decoder;
};

ImportedModel import_bert_like(ModelKeys keys, const Tree& config, const std::string& name,
                               const WordHead& head, std::uint64_t reserved_positions) {
  ImportedModel model;
  const EncoderShape shape = read_encoder(keys);
  const std::uint64_t vocabulary = keys.size("vocab_size");
  const std::uint64_t positions = keys.size("max_position_embeddings");
  const std::uint64_t types = keys.size_or("type_vocab_size", 2);
  const bool pooled = keys.names("architectures", "Model");
  const bool tied = keys.flag_or("tie_word_embeddings", true);
  keys.require_more("max_position_embeddings", positions, reserved_positions);
  model.resolved = keys.finish();
  model.max_positions = positions - reserved_positions;
  model.learned_positions = true;

  GraphBuilder graph{name, config.at};
  LayerWriter layers{graph, config.at};
  const std::string words = layers.embedding("embeddings.word_embeddings", vocabulary, shape.width);
  std::string x = layers.join("embeddings.position_sum", OpKind::residual, words,
                              layers.embedding("embeddings.position_embeddings", positions, shape.width));
  x = layers.join("embeddings.sum", OpKind::residual, x,
                  layers.embedding("embeddings.token_type_embeddings", types, shape.width));
  x = layers.norm("embeddings.LayerNorm", x, "layernorm");
  for (std::uint32_t i = 0; i < shape.layers; ++i) {
    layers.enter(fmt::format("encoder.layer.{}", i), i + 1);
    x = add_bert_block(layers, shape, x);
  }
  layers.leave();
  if (pooled) {
    x = layers.linear("pooler.dense", first_position(layers, x), shape.width, true);
    layers.loss(layers.elementwise("pooler.activation", x, "tanh"));
  } else {
    x = layers.linear(head.dense, x, shape.width, true);
    x = layers.elementwise(head.dense + "_act", x, shape.activation);
    x = layers.norm(head.norm, x, "layernorm");
    layers.head(head.decoder, x, vocabulary, words, tied, true);
  }
  model.graph = graph.build();
  return model;
}

}  // namespace

ImportedModel import_bert(const Tree& config, const std::string& name) {
  return import_bert_like(ModelKeys{config, "bert"}, config, name,
                          {.dense = "cls.predictions.transform.dense",
                           .norm = "cls.predictions.transform.LayerNorm",
                           .decoder = "cls.predictions.decoder"},
                          0);
}

ImportedModel import_roberta(const Tree& config, const std::string& name) {
  // The first two positions of its table are for padding.
  return import_bert_like(
      ModelKeys{config, "roberta"}, config, name,
      {.dense = "lm_head.dense", .norm = "lm_head.layer_norm", .decoder = "lm_head.decoder"}, 2);
}

ImportedModel import_vit(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "vit"};
  ImportedModel model;
  const EncoderShape shape = read_encoder(keys);
  const std::uint64_t image = keys.size_or("image_size", 224);
  const std::uint64_t patch = keys.size_or("patch_size", 16);
  const std::uint64_t channels = keys.size_or("num_channels", 3);
  const bool qkv_bias = keys.flag_or("qkv_bias", true);
  const std::uint64_t classes = keys.labels();
  keys.require_multiple("image_size", image, "patch_size", patch);
  keys.limit_side("image_size", image);
  model.resolved = keys.finish();
  model.max_positions = 1;  // a sample is an image
  model.fixed_sequence = true;

  GraphBuilder graph{name, config.at};
  LayerWriter layers{graph, config.at};
  LayerDraft pixels = layers.start("pixel_values", OpKind::input, {});
  pixels.features = channels;
  pixels.extent = Extent{image, image};
  LayerDraft patches = layers.start("embeddings.patch_embeddings.projection", OpKind::convolution,
                                    {layers.finish(std::move(pixels))});
  patches.features = shape.width;
  patches.bias = true;
  patches.kernel = patches.stride = Extent{patch, patch};
  const std::uint64_t positions = (image / patch) * (image / patch) + 1;
  const auto table = [&](const std::string& of, std::uint64_t rows) {
    LayerDraft draft = layers.start(of, OpKind::embedding, {});
    draft.rows = rows;
    draft.features = shape.width;
    draft.extent = Extent{rows, 1};
    return layers.finish(std::move(draft));
  };
  const std::string seen = layers.finish(std::move(patches));
  std::string x = layers.join("embeddings.tokens", OpKind::concat, table("embeddings.cls_token", 1), seen);
  x = layers.join("embeddings.sum", OpKind::residual, x, table("embeddings.position_embeddings", positions));
  for (std::uint32_t i = 0; i < shape.layers; ++i) {
    layers.enter(fmt::format("encoder.layer.{}", i), i + 1);
    std::string y = layers.norm("layernorm_before", x, "layernorm");
    y = add_attention(layers, shape, "attention.attention.", y, qkv_bias);
    const std::string middle = layers.join("attention.residual", OpKind::residual, x, y);
    y = add_mlp(layers, shape, layers.norm("layernorm_after", middle, "layernorm"));
    x = layers.join("output.residual", OpKind::residual, middle, y);
  }
  layers.leave();
  x = layers.norm("layernorm", x, "layernorm");
  layers.loss(layers.linear("classifier", first_position(layers, x), classes, true));
  model.graph = graph.build();
  return model;
}

namespace {

struct T5Shape {
  std::uint64_t width{};
  std::uint64_t inner{};
  std::string activation{};
  bool gated{};
  std::uint64_t buckets{};
  AttentionShape attention{};
};

// q of `x`; k and v of `memory`. T5 has no biases.
std::string add_t5_attention(LayerWriter& layers, const T5Shape& shape, const std::string& prefix,
                             const std::string& x, const std::string& memory, bool causal,
                             std::uint64_t buckets) {
  const std::uint64_t width = shape.attention.heads * shape.attention.head_dim;
  AttentionShape attention = shape.attention;
  attention.causal = causal;
  const std::vector<std::string> qkv{layers.linear(prefix + ".q", x, width, false),
                                     layers.linear(prefix + ".k", memory, width, false),
                                     layers.linear(prefix + ".v", memory, width, false)};
  return layers.linear(prefix + ".o", layers.attention(prefix + ".attention", qkv, attention, buckets),
                       shape.width, false);
}

std::string add_t5_mlp(LayerWriter& layers, const T5Shape& shape, const std::string& prefix,
                       const std::string& in) {
  const std::string x = layers.norm(prefix + ".layer_norm", in, "rmsnorm");
  const std::string dense = prefix + ".DenseReluDense.";
  std::string y;
  if (shape.gated) {
    const std::string gate = layers.linear(dense + "wi_0", x, shape.inner, false);
    const std::string up = layers.linear(dense + "wi_1", x, shape.inner, false);
    y = layers.join(dense + "multiply", OpKind::multiply,
                    layers.elementwise(dense + "act", gate, shape.activation), up);
  } else {
    y = layers.elementwise(dense + "act", layers.linear(dense + "wi", x, shape.inner, false),
                           shape.activation);
  }
  return layers.join(prefix + ".residual", OpKind::residual, in,
                     layers.linear(dense + "wo", y, shape.width, false));
}

std::string add_t5_self(LayerWriter& layers, const T5Shape& shape, const std::string& in, bool causal,
                        std::uint64_t buckets) {
  const std::string x = layers.norm("layer.0.layer_norm", in, "rmsnorm");
  return layers.join("layer.0.residual", OpKind::residual, in,
                     add_t5_attention(layers, shape, "layer.0.SelfAttention", x, x, causal, buckets));
}

}  // namespace

ImportedModel import_t5(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "t5"};
  ImportedModel model;
  T5Shape shape;
  const std::uint64_t vocabulary = keys.size("vocab_size");
  shape.width = keys.size("d_model");
  shape.inner = keys.size("d_ff");
  const std::uint64_t blocks = keys.size("num_layers");
  const std::uint64_t decoder_blocks = keys.size_or("num_decoder_layers", blocks);
  const std::uint64_t heads = keys.size("num_heads");
  shape.attention = {.heads = heads, .kv_heads = heads, .head_dim = keys.size("d_kv"), .causal = false};
  shape.buckets = keys.size_or("relative_attention_num_buckets", 32);
  shape.gated = keys.text_or("feed_forward_proj", "relu").starts_with("gated-");
  shape.activation = shape.gated ? "gelu" : "relu";
  const bool tied = keys.flag_or("tie_word_embeddings", true);
  keys.limit_width("d_kv", shape.attention.head_dim, heads);
  keys.limit_layers("num_layers", blocks, kLayersPerBlock);
  keys.limit_layers("num_decoder_layers", decoder_blocks, kLayersPerBlock);
  model.max_positions = keys.size_or("n_positions", 512);
  model.resolved = keys.finish();

  GraphBuilder graph{name, config.at};
  LayerWriter layers{graph, config.at};
  const std::string words = layers.embedding("shared", vocabulary, shape.width);
  std::string x = words;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    layers.enter(fmt::format("encoder.block.{}", i), i + 1);
    x = add_t5_self(layers, shape, x, false, i == 0 ? shape.buckets : 0);
    x = add_t5_mlp(layers, shape, "layer.1", x);
  }
  layers.leave();
  const std::string memory = layers.norm("encoder.final_layer_norm", x, "rmsnorm");
  // The decoder looks its own tokens up in the same table.
  LayerDraft targets = layers.start("decoder.embed_tokens", OpKind::embedding, {});
  targets.rows = vocabulary;
  targets.features = shape.width;
  targets.tied_to = Reference{.layer = words, .at = config.at};
  x = layers.finish(std::move(targets));
  for (std::uint32_t i = 0; i < decoder_blocks; ++i) {
    layers.enter(fmt::format("decoder.block.{}", i), static_cast<std::uint32_t>(blocks) + i + 1);
    x = add_t5_self(layers, shape, x, true, i == 0 ? shape.buckets : 0);
    const std::string y = layers.norm("layer.1.layer_norm", x, "rmsnorm");
    x = layers.join("layer.1.residual", OpKind::residual, x,
                    add_t5_attention(layers, shape, "layer.1.EncDecAttention", y, memory, false, 0));
    x = add_t5_mlp(layers, shape, "layer.2", x);
  }
  layers.leave();
  x = layers.norm("decoder.final_layer_norm", x, "rmsnorm");
  layers.head("lm_head", x, vocabulary, words, tied);
  model.graph = graph.build();
  return model;
}

}  // namespace wafersim::workload_detail
