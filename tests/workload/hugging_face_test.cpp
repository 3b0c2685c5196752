// A bare config.json is a workload; a wrong one says what is wrong with it.
#include <fstream>

#include <gtest/gtest.h>

#include "config/temporary_folder.hpp"
#include "workload/workload_text.hpp"

namespace wafersim {
namespace {

using test::load_text;
using test::what_is_wrong;

// As published files are: many keys that have nothing to do with the shape, some of them nested.
constexpr const char* kGpt2 = R"({
  "activation_function": "gelu_new",
  "architectures": ["GPT2LMHeadModel"],
  "attn_pdrop": 0.1,
  "bos_token_id": 50256,
  "initializer_range": 0.02,
  "layer_norm_epsilon": 1e-05,
  "model_type": "gpt2",
  "n_ctx": 1024,
  "n_embd": 768,
  "n_head": 12,
  "n_inner": null,
  "n_layer": 12,
  "n_positions": 1024,
  "resid_pdrop": 0.1,
  "summary_use_proj": true,
  "task_specific_params": { "text-generation": { "do_sample": true, "max_length": 50 } },
  "vocab_size": 50257
}
)";

constexpr const char* kLlama = R"({
	"architectures": [ "LlamaForCausalLM" ],
	"hidden_act": "silu",
	"hidden_size": 8192,
	"intermediate_size": 28672,
	"max_position_embeddings": 4096,
	"model_type": "llama",
	"num_attention_heads": 64,
	"num_hidden_layers": 80,
	"num_key_value_heads": 8,
	"rms_norm_eps": 1e-05,
	"rope_scaling": null,
	"tie_word_embeddings": false,
	"torch_dtype": "float16",
	"use_cache": true,
	"vocab_size": 32000
}
)";

TEST(HuggingFace, ReadsAPublishedGpt2Config) {
  const Workload workload = load_text(kGpt2).workload;
  EXPECT_EQ(workload.graph.parameters(), 124'439'808U);
  EXPECT_EQ(workload.plan, (TrainingPlan{.sequence_length = 1024}));
}

TEST(HuggingFace, ReadsALlamaConfigIndentedWithTabs) {
  const Workload workload = load_text(kLlama).workload;
  EXPECT_EQ(workload.graph.parameters(), 68'976'648'192U);
  EXPECT_EQ(workload.plan.sequence_length, 4096U);
}

TEST(HuggingFace, TakesAPlanFromOverridesOfABareConfig) {
  const Workload workload =
      load_text(kGpt2, {{"sparsity.level", "0.9"}, {"tokens_per_node", "65536"}}).workload;
  EXPECT_EQ(workload.plan.sparsity.level, Fraction{900'000'000});
  EXPECT_EQ(workload.plan.tokens_per_node, 65536U);
}

TEST(HuggingFace, NamesABareConfigAfterItsFolder) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "my-model");
  std::ofstream{folder.path() / "my-model/config.json"} << kGpt2;
  EXPECT_EQ(load_workload(folder.path() / "my-model/config.json").workload.graph.name, "my-model");
}

TEST(HuggingFace, LongerSequencesNeedNoLearnedPositionsInALlama) {
  EXPECT_EQ(load_text(kLlama, {{"sequence_length", "8192"}}).workload.plan.sequence_length, 8192U);
}

TEST(HuggingFace, ListsTheKnownModelTypes) {
  const std::string kKnown =
      "gpt2, llama, gpt_neo, gpt_neox, gptj, opt, bloom, falcon, mistral, mixtral, qwen2, phi, gemma, bert, "
      "roberta, "
      "t5, vit";
  EXPECT_EQ(what_is_wrong(R"({ "model_type": "mamba" })"),
            "w.yaml:1:17: model_type: unknown model type 'mamba'; known: " + kKnown);
  EXPECT_EQ(what_is_wrong("model: { n_embd: 8 }"),
            "w.yaml:1:8: model_type: is missing; a model needs one of the known types: " + kKnown);
}

TEST(HuggingFace, NamesEveryKeyThatIsMissing) {
  EXPECT_EQ(what_is_wrong(R"({ "model_type": "gpt2", "n_embd": 8, "n_head": null })"),
            "w.yaml:1:1: a model of type gpt2 needs vocab_size, n_positions, n_layer, n_head");
  EXPECT_EQ(what_is_wrong(R"({ "model_type": "llama" })"),
            "w.yaml:1:1: a model of type llama needs vocab_size, hidden_size, num_hidden_layers, "
            "num_attention_heads, intermediate_size");
}

TEST(HuggingFace, RefusesATruncatedFileWhereverItEnds) {
  const std::string whole = kGpt2;
  for (std::size_t length = 1; length + 2 < whole.size(); ++length) {
    const std::string text = what_is_wrong(whole.substr(0, length));
    EXPECT_TRUE(text.starts_with("w.yaml:") && text.find(':', 7) != std::string::npos)
        << "after " << length << ": " << text;
  }
  EXPECT_EQ(what_is_wrong(whole.substr(0, 200)),
            "w.yaml:1:1: expected a word as key, got a map or a bracket that is never closed");
}

TEST(HuggingFace, RefusesSizesThatAreNone) {
  const auto with = [](const std::string& keys) {
    return what_is_wrong(
        "{\"model_type\": \"gpt2\", \"n_layer\": 1, \"n_head\": 1, \"n_positions\": 1, \"vocab_size\": 1, " +
        keys + "}");
  };
  EXPECT_EQ(with("\"n_embd\": 1.5"),
            "w.yaml:1:96: n_embd: expected a whole number, got '1.5' (not a whole number of units)");
  EXPECT_EQ(with("\"n_embd\": [8]"), "w.yaml:1:96: n_embd: expected a whole number, got a list");
  EXPECT_EQ(with("\"n_embd\": 1e13"),
            "w.yaml:1:96: n_embd: must be at most 1000000000000, got 10000000000000");
  EXPECT_EQ(with("\"n_embd\": 8, \"tie_word_embeddings\": 1"),
            "w.yaml:1:122: tie_word_embeddings: expected true or false, got '1'");
  EXPECT_EQ(with("\"n_embd\": 8, \"activation_function\": \"mish\""),
            "w.yaml:1:122: activation_function: unknown activation 'mish'; known: gelu, gelu_new, gelu_fast, "
            "gelu_python, gelu_pytorch_tanh, quick_gelu, relu, silu, swish, swiglu, tanh, sigmoid");
}

TEST(HuggingFace, RefusesHeadsThatDoNotDivide) {
  EXPECT_EQ(what_is_wrong(kLlama, {{"model.num_key_value_heads", "7"}}),
            "--set: num_key_value_heads: 7 heads do not divide num_attention_heads 64");
  EXPECT_EQ(
      what_is_wrong(kLlama, {{"model.num_attention_heads", "100"}, {"model.num_key_value_heads", "10"}}),
      "--set: num_attention_heads: 100 heads do not divide hidden_size 8192");
}

TEST(HuggingFace, RefusesMoreLayersThanAnyGraphMayHave) {
  EXPECT_EQ(what_is_wrong(kGpt2, {{"model.n_layer", "1e11"}}),
            "--set: n_layer: must be at most 99999, got 100000000000");
  EXPECT_EQ(what_is_wrong(kLlama, {{"model.head_dim", "1e12"}}),
            "--set: head_dim: must be at most 15625000000, got 1000000000000");
}

}  // namespace
}  // namespace wafersim
