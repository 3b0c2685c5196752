// The laws of the fuzzer, for thousands of mutated workloads that are the same in every run.
#include <array>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"

#include "fuzz/workload_laws.hpp"
#include "support/source_dir.hpp"

namespace wafersim {
namespace {

// A small graph with each operator, and a small model of each type: a mutation often leaves them valid.
constexpr std::array<std::string_view, 3> kSmall{
    R"(sequence_length: 4
tokens_per_node: 8
recompute: layer
graph:
  - { name: e, op: embedding, rows: 10, features: 8 }
  - repeat: 2
    name: b
    layers:
      - { name: n, op: norm, input: $in, function: rmsnorm }
      - { name: q, op: linear, input: n, features: 8, bias: true }
      - { name: k, op: linear, input: n, features: 4 }
      - { name: core, op: attention, inputs: [q, k, k], heads: 2, kv_heads: 1 }
      - { name: gate, op: elementwise, input: core, function: silu }
      - { name: both, op: multiply, inputs: [gate, core] }
      - { name: sum, op: residual, inputs: [$in, both] }
  - { name: out, op: linear, features: 10, tied_to: e }
  - { name: loss, op: loss }
sparsity: { level: 0.9, exceptions: [ { layers: "b.*", level: 0.5 } ] }
)",
    R"({"model_type": "gpt2", "n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 16, "vocab_size": 10})",
    R"(model: { model_type: llama, hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2,
  intermediate_size: 12, vocab_size: 10, max_position_embeddings: 16 }
micro_batch: 2
)"};

std::vector<std::string> seeds() {
  std::vector<std::string> texts{kSmall.begin(), kSmall.end()};
  for (const std::string_view name : {"bert-large", "llama2-7b", "gpt2"}) {
    std::ifstream file{test::source_dir() / "configs" / "workload" / (std::string{name} + ".yaml")};
    texts.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  return texts;
}

std::size_t below(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random.below(bound));
}

// Where a random word of the text starts, and its length.
std::pair<std::size_t, std::size_t> some_word(const std::string& text, Random& random) {
  constexpr std::string_view kBreaks = " \n,:[]{}\"";
  const std::size_t start = text.find_first_not_of(kBreaks, below(random, text.size() + 1));
  if (start == std::string::npos) return {text.size(), 0};
  const std::size_t end = text.find_first_of(kBreaks, start);
  return {start, (end == std::string::npos ? text.size() : end) - start};
}

void mutate(std::string& text, const std::string& other, Random& random) {
  constexpr std::array<std::string_view, 24> kWords{
      "0",      "1",     "3",        "8",        "1e12",    "18446744073709551615",
      "-1",     "0.5",   "b",        "b.0.q",    "e",       "$in",
      "loss",   "null",  "[]",       "{}",       "\"\\n\"", "*",
      "repeat", "input", "features", "residual", "gpt2",    "true"};
  const auto [at, length] = some_word(text, random);
  const auto [from, size] = some_word(other, random);
  switch (random.below(6)) {
    case 0:
    case 1:
      text.replace(at, length, kWords.at(below(random, kWords.size())));
      break;
    case 2:
      text.replace(at, length, other.substr(from, size));
      break;
    case 3: {  // a line less
      const std::size_t end = text.find('\n', at);
      text.erase(at, end == std::string::npos ? 0 : end - at + 1);
      break;
    }
    case 4:
      text.insert(at, other.substr(from, below(random, 80)));
      break;
    default:
      text.erase(below(random, text.size() + 1), below(random, 8));
      break;
  }
}

TEST(MutatedWorkloads, AreReadOrRefusedInOneLine) {
  const std::vector<std::string> texts = seeds();
  Random random{120};
  for (int i = 0; i < 4000; ++i) {
    std::string text = texts[below(random, texts.size())];
    const std::string& other = texts[below(random, texts.size())];
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) mutate(text, other, random);
    ASSERT_NO_THROW(test::check_workload_laws(text)) << "round " << i << ":\n" << text;
  }
}

TEST(MutatedWorkloads, AreOftenStillValid) {
  // Otherwise the laws of valid workloads would hardly be tried.
  const std::vector<std::string> texts = seeds();
  Random random{121};
  int valid = 0;
  for (int i = 0; i < 300; ++i) {
    std::string text = texts[below(random, kSmall.size())];
    mutate(text, texts[0], random);
    try {
      (void)read_workload(parse_tree(text, "mutated"), "mutated");
      ++valid;
    } catch (const InputError&) {
      continue;
    }
  }
  EXPECT_GT(valid, 20);
}

}  // namespace
}  // namespace wafersim
