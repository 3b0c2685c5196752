// Machines and workloads for tests: the shipped ones, with overrides, and small random ones.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "wafersim/base/random.hpp"
#include "wafersim/config/machine.hpp"
#include "wafersim/workload/load.hpp"

#include "support/source_dir.hpp"

namespace wafersim::test {

using Overrides = std::vector<Override>;

inline std::filesystem::path config(const std::string& name) {
  return source_dir() / "configs" / name;
}
inline MachineSpec machine(const std::string& name, const Overrides& overrides = {}) {
  return load_machine(config("machine/" + name + ".yaml"), overrides);
}
inline Workload workload(const std::string& name, const Overrides& overrides = {}) {
  return load_workload(config("workload/" + name + ".yaml"), overrides).workload;
}

inline std::vector<std::string> shipped_workloads() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{config("workload")}) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// A GPT of a few layers with its own plan.
inline Workload small_gpt(Random& random) {
  const std::uint64_t heads = 1 + random.below(4);
  const std::uint64_t sequences = 1 + random.below(12);
  const std::string text =
      "name: random\nmodel: { model_type: gpt2, n_embd: " +
      std::to_string(heads * 32 * (1 + random.below(6))) + ", n_head: " + std::to_string(heads) +
      ", n_layer: " + std::to_string(1 + random.below(4)) +
      ", n_positions: 256, vocab_size: " + std::to_string(100 + random.below(4000)) +
      " }\nsequence_length: 64\n" + "tokens_per_node: " + std::to_string(64 * sequences) + "\n" +
      "micro_batch: " + std::to_string(1 + random.below(sequences)) + "\n" +
      "optimizer: " + std::vector<std::string>{"sgd", "momentum", "adam"}[random.below(3)] + "\n" +
      "recompute: " + (random.below(2) == 0 ? "none" : "layer") + "\n" +
      "sparsity: { level: " + std::vector<std::string>{"0", "0.5", "0.9"}[random.below(3)] + " }\n";
  return read_workload(parse_tree(text, "random.yaml"), "random").workload;
}

}  // namespace wafersim::test
