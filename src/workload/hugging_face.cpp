// One function for each model type, and the table that finds it.
#include "workload/hugging_face.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/base/suggest.hpp"
#include "wafersim/workload/graph_builder.hpp"

#include "workload/model_keys.hpp"
#include "workload/quote.hpp"
#include "workload/transformer.hpp"

namespace wafersim::workload_detail {
namespace {

// Defaults are those of the transformers library (GPT2Config, LlamaConfig).
ImportedModel import_gpt2(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "gpt2"};
  Gpt2Shape shape;
  shape.vocabulary = keys.size("vocab_size");
  shape.positions = keys.size("n_positions");
  shape.width = keys.size("n_embd");
  shape.layers = keys.size("n_layer");
  shape.heads = keys.size("n_head");
  shape.inner = keys.size_or("n_inner", 4 * shape.width);
  shape.activation = keys.activation_or("activation_function", "gelu_new");
  shape.tied = keys.flag_or("tie_word_embeddings", true);
  keys.require_multiple("n_embd", shape.width, "n_head", shape.heads);
  keys.limit_layers("n_layer", shape.layers, kLayersPerGpt2Block);
  ImportedModel model;
  model.resolved = keys.finish();
  model.max_positions = shape.positions;
  model.learned_positions = true;
  GraphBuilder graph{name, config.at};
  add_gpt2(graph, shape, config.at);
  model.graph = graph.build();
  return model;
}

ImportedModel import_llama(const Tree& config, const std::string& name) {
  ModelKeys keys{config, "llama"};
  LlamaShape shape;
  shape.vocabulary = keys.size("vocab_size");
  shape.width = keys.size("hidden_size");
  shape.layers = keys.size("num_hidden_layers");
  shape.heads = keys.size("num_attention_heads");
  shape.inner = keys.size("intermediate_size");
  shape.kv_heads = keys.size_or("num_key_value_heads", shape.heads);
  if (const auto head_dim = keys.optional_size("head_dim")) {
    shape.head_dim = *head_dim;
    keys.limit_width("head_dim", shape.head_dim, shape.heads);
  } else {
    keys.require_multiple("hidden_size", shape.width, "num_attention_heads", shape.heads);
    shape.head_dim = shape.width / shape.heads;
  }
  keys.require_multiple("num_attention_heads", shape.heads, "num_key_value_heads", shape.kv_heads);
  shape.activation = keys.activation_or("hidden_act", "silu");
  shape.attention_bias = keys.flag_or("attention_bias", false);
  shape.mlp_bias = keys.flag_or("mlp_bias", false);
  shape.tied = keys.flag_or("tie_word_embeddings", false);
  keys.limit_layers("num_hidden_layers", shape.layers, kLayersPerLlamaBlock);
  ImportedModel model;
  model.max_positions = keys.optional_size("max_position_embeddings");
  model.resolved = keys.finish();
  GraphBuilder graph{name, config.at};
  add_llama(graph, shape, config.at);
  model.graph = graph.build();
  return model;
}

struct ModelType {
  std::string_view name;
  ImportedModel (*import)(const Tree&, const std::string&);
};
constexpr std::array kModelTypes{ModelType{"gpt2", import_gpt2}, ModelType{"llama", import_llama}};

std::string known_types() {
  return fmt::format("{}", fmt::join(known_model_types(), ", "));
}

}  // namespace

std::vector<std::string_view> known_model_types() {
  std::vector<std::string_view> names;
  names.reserve(kModelTypes.size());
  for (const ModelType& type : kModelTypes) names.push_back(type.name);
  return names;
}

ImportedModel import_hugging_face(const Tree& config, const std::string& name) {
  if (config.kind != Tree::Kind::map) {
    throw InputError{
        {.at = config.at, .key = {}, .message = "expected the keys of a Hugging Face config.json"}};
  }
  const Tree* type = config.find("model_type");
  if (type == nullptr) {
    throw InputError{
        {.at = config.at,
         .key = "model_type",
         .message = fmt::format("is missing; a model needs one of the known types: {}", known_types())}};
  }
  const auto* known = std::find_if(kModelTypes.begin(), kModelTypes.end(), [&](const ModelType& candidate) {
    return type->kind == Tree::Kind::scalar && candidate.name == type->text;
  });
  if (known == kModelTypes.end()) {
    throw InputError{
        {.at = type->at,
         .key = "model_type",
         .message = fmt::format("unknown model type {}; known: {}", in_quotes(type->text), known_types())}};
  }
  return known->import(config, name);
}

}  // namespace wafersim::workload_detail
