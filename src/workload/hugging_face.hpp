// Reads a Hugging Face config.json: what a model is, in the words of its own library.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/config/tree.hpp"
#include "wafersim/workload/graph.hpp"

namespace wafersim::workload_detail {

struct ImportedModel {
  Graph graph{};
  Tree resolved{};                               // the keys that were used, with their defaults
  std::optional<std::uint64_t> max_positions{};  // the longest sequence the model is made for
  bool learned_positions{};                      // a longer one is impossible, not only unusual
};

[[nodiscard]] std::vector<std::string_view> known_model_types();

// Keys that are not used are ignored, as real files carry dozens. Throws InputError.
[[nodiscard]] ImportedModel import_hugging_face(const Tree& config, const std::string& name);

}  // namespace wafersim::workload_detail
