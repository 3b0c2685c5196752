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

#include "workload/model_families.hpp"
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

// LLaMA and what differs from it in defaults only.
struct LlamaDefaults {
  std::string_view type;
  std::string_view activation{"silu"};
  bool tied{false};
  bool qkv_bias{false};
  std::uint64_t kv_heads{0};  // 0: as many as heads
  std::uint64_t window{0};    // 0: none
  std::uint64_t experts{0};   // 0: one MLP
};

// A key that may say null, and then switches off what its absence leaves on.
std::uint64_t window_of(ModelKeys& keys, const Tree& config, const LlamaDefaults& defaults) {
  if (defaults.type == "qwen2" && !keys.flag_or("use_sliding_window", false)) return 0;
  const Tree* said = config.find("sliding_window");
  if (said != nullptr && said->kind == Tree::Kind::null) return keys.note_nothing("sliding_window");
  if (said != nullptr) return keys.optional_size("sliding_window").value_or(0);
  return defaults.window == 0 ? 0 : keys.size_or("sliding_window", defaults.window);
}

ImportedModel import_llama_like(const Tree& config, const std::string& name, const LlamaDefaults& defaults) {
  ModelKeys keys{config, std::string{defaults.type}};
  LlamaShape shape;
  shape.vocabulary = keys.size("vocab_size");
  shape.width = keys.size("hidden_size");
  shape.layers = keys.size("num_hidden_layers");
  shape.heads = keys.size("num_attention_heads");
  shape.inner = keys.size("intermediate_size");
  shape.kv_heads =
      keys.size_or("num_key_value_heads", defaults.kv_heads == 0 ? shape.heads : defaults.kv_heads);
  if (const auto head_dim = keys.optional_size("head_dim")) {
    shape.head_dim = *head_dim;
    keys.limit_width("head_dim", shape.head_dim, shape.heads);
  } else {
    keys.require_multiple("hidden_size", shape.width, "num_attention_heads", shape.heads);
    shape.head_dim = shape.width / shape.heads;
  }
  keys.require_multiple("num_attention_heads", shape.heads, "num_key_value_heads", shape.kv_heads);
  shape.activation = keys.activation_or("hidden_act", std::string{defaults.activation});
  shape.qkv_bias = defaults.qkv_bias;
  shape.attention_bias = keys.flag_or("attention_bias", false);
  shape.mlp_bias = keys.flag_or("mlp_bias", false);
  shape.tied = keys.flag_or("tie_word_embeddings", defaults.tied);
  shape.window = window_of(keys, config, defaults);
  if (defaults.experts > 0) {
    shape.experts = {.count = keys.size_or("num_local_experts", defaults.experts),
                     .active = keys.size_or("num_experts_per_tok", 2)};
    keys.limit_width("num_experts_per_tok", shape.experts.active, shape.inner);
  }
  keys.limit_layers("num_hidden_layers", shape.layers, kLayersPerLlamaBlock);
  ImportedModel model;
  model.max_positions = keys.optional_size("max_position_embeddings");
  model.resolved = keys.finish();
  GraphBuilder graph{name, config.at};
  add_llama(graph, shape, config.at);
  model.graph = graph.build();
  return model;
}

ImportedModel import_llama(const Tree& config, const std::string& name) {
  return import_llama_like(config, name, {.type = "llama"});
}
ImportedModel import_mistral(const Tree& config, const std::string& name) {
  return import_llama_like(config, name, {.type = "mistral", .kv_heads = 8, .window = 4096});
}
ImportedModel import_mixtral(const Tree& config, const std::string& name) {
  return import_llama_like(config, name, {.type = "mixtral", .kv_heads = 8, .experts = 8});
}
ImportedModel import_qwen2(const Tree& config, const std::string& name) {
  return import_llama_like(config, name, {.type = "qwen2", .qkv_bias = true});
}
ImportedModel import_gemma(const Tree& config, const std::string& name) {
  return import_llama_like(config, name, {.type = "gemma", .activation = "gelu_pytorch_tanh", .tied = true});
}

struct ModelType {
  std::string_view name;
  ImportedModel (*import)(const Tree&, const std::string&);
};
constexpr std::array kModelTypes{ModelType{"gpt2", import_gpt2},       ModelType{"llama", import_llama},
                                 ModelType{"gpt_neo", import_gpt_neo}, ModelType{"gpt_neox", import_gpt_neox},
                                 ModelType{"gptj", import_gptj},       ModelType{"opt", import_opt},
                                 ModelType{"bloom", import_bloom},     ModelType{"falcon", import_falcon},
                                 ModelType{"mistral", import_mistral}, ModelType{"mixtral", import_mixtral},
                                 ModelType{"qwen2", import_qwen2},     ModelType{"phi", import_phi},
                                 ModelType{"gemma", import_gemma},     ModelType{"bert", import_bert},
                                 ModelType{"roberta", import_roberta}, ModelType{"t5", import_t5},
                                 ModelType{"vit", import_vit}};

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
