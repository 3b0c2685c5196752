// The keys of a config.json as an importer asks for them, remembering what was used and what was missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/base/error.hpp"
#include "wafersim/config/tree.hpp"

namespace wafersim::workload_detail {

class ModelKeys {
 public:
  // `model_type` is what errors call the model.
  ModelKeys(const Tree& config, std::string model_type);

  // Sizes are whole numbers of at least 1. A required one that is absent or null counts as missing.
  std::uint64_t size(const std::string& key);
  std::uint64_t size_or(const std::string& key, std::uint64_t otherwise);
  std::optional<std::uint64_t> optional_size(const std::string& key);
  // Of two names for one thing, the first is preferred and is what is remembered.
  std::uint64_t either_size(const std::string& key, const std::string& other);
  bool flag_or(const std::string& key, bool otherwise);
  // Remembers that a key says null; gives 0.
  std::uint64_t note_nothing(const std::string& key);
  std::string text_or(const std::string& key, const std::string& otherwise);
  // Whether any text of a list ends like this; false if there is no such list.
  bool names(const std::string& key, const std::string& ending);
  // Which of `count` blocks are of a kind, from GPT-Neo's [[["global", "local"], 12]].
  std::vector<bool> alternating(const std::string& key, const std::string& kind, std::uint64_t count);
  // Classes that a model tells apart: the entries of id2label, or num_labels, or 2.
  std::uint64_t labels();
  // An activation function, in our own words.
  std::string activation_or(const std::string& key, const std::string& otherwise);
  // Adds an error if `width` is not a multiple of `heads`.
  void require_multiple(const std::string& width, std::uint64_t width_value, const std::string& heads,
                        std::uint64_t heads_value);
  // Adds an error if the key is there and says something else: a variant that is not known.
  void require_equal(const std::string& key, std::uint64_t value, const std::string& other);
  void require_flag(const std::string& key, bool value);
  void require_more(const std::string& key, std::uint64_t value, std::uint64_t than);
  void limit_side(const std::string& key, std::uint64_t value);
  // Adds an error if all heads together are wider than any tensor may be.
  void limit_width(const std::string& key, std::uint64_t head_dim, std::uint64_t heads);
  // Adds an error if that many blocks would make more layers than allowed.
  void limit_layers(const std::string& key, std::uint64_t blocks, std::uint64_t layers_per_block);

  // Throws InputError if anything was wrong; otherwise the keys that were used, with their defaults.
  [[nodiscard]] Tree finish();

 private:
  [[nodiscard]] const Tree* find(const std::string& key) const;  // nullptr if absent or null
  [[nodiscard]] const SourceLocation& place(const std::string& key) const;
  void note(const std::string& key, std::string text, bool quoted);

  const Tree& config_;
  Tree used_;
  std::string model_type_;
  std::vector<std::string> missing_;
  Problems problems_;
};

}  // namespace wafersim::workload_detail
