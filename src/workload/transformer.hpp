// The layers of the transformer families that Hugging Face configs describe.
#pragma once

#include <cstdint>
#include <string>

#include "wafersim/workload/graph_builder.hpp"

namespace wafersim::workload_detail {

// GPT-2, and GPT-3 as commonly rebuilt: learned positions, LayerNorm before each half of a block, biases.
struct Gpt2Shape {
  std::uint64_t vocabulary{};
  std::uint64_t positions{};
  std::uint64_t width{};
  std::uint64_t layers{};
  std::uint64_t heads{};
  std::uint64_t inner{};  // width of the MLP
  std::string activation;
  bool tied{true};  // the output projection uses the embedding's table
};

// LLaMA: rotary positions (no weights; counted as part of attention), RMSNorm, grouped key/value heads, gated
// MLP.
struct LlamaShape {
  std::uint64_t vocabulary{};
  std::uint64_t width{};
  std::uint64_t layers{};
  std::uint64_t heads{};
  std::uint64_t kv_heads{};
  std::uint64_t head_dim{};
  std::uint64_t inner{};
  std::string activation;
  bool attention_bias{};
  bool qkv_bias{};  // of q, k and v alone
  bool mlp_bias{};
  bool tied{};
  std::uint64_t window{};  // 0: none
  ExpertShape experts{};
};

// Layers that each family needs for one block, and beside its blocks: known before any of them is made.
inline constexpr std::uint64_t kLayersPerGpt2Block = 10;
inline constexpr std::uint64_t kLayersPerLlamaBlock = 20;
inline constexpr std::uint64_t kLayersBesideBlocks = 6;

void add_gpt2(GraphBuilder& graph, const Gpt2Shape& shape, const SourceLocation& at);
void add_llama(GraphBuilder& graph, const LlamaShape& shape, const SourceLocation& at);

}  // namespace wafersim::workload_detail
