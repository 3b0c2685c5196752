// Strict about the keys that matter, silent about the dozens that do not.
#include "workload/model_keys.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/base/parse.hpp"
#include "wafersim/workload/graph_builder.hpp"

#include "workload/quote.hpp"
#include "workload/transformer.hpp"

namespace wafersim::workload_detail {
namespace {

// Names that Hugging Face gives to variants which cost the same here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kActivations{{
    {"gelu", "gelu"},
    {"gelu_new", "gelu"},
    {"gelu_fast", "gelu"},
    {"gelu_python", "gelu"},
    {"gelu_pytorch_tanh", "gelu"},
    {"quick_gelu", "gelu"},
    {"relu", "relu"},
    {"silu", "silu"},
    {"swish", "silu"},
    {"swiglu", "silu"},
    {"tanh", "tanh"},
    {"sigmoid", "sigmoid"},
}};

std::string found(const Tree& value) {
  if (value.kind == Tree::Kind::list) return "a list";
  if (value.kind == Tree::Kind::map) return "a map";
  return in_quotes(value.text);
}

}  // namespace

ModelKeys::ModelKeys(const Tree& config, std::string model_type)
    : config_{config}, model_type_{std::move(model_type)} {
  used_.kind = Tree::Kind::map;
  used_.at = config.at;
  note("model_type", model_type_, true);
}

const Tree* ModelKeys::find(const std::string& key) const {
  const Tree* value = config_.find(key);
  return value == nullptr || value->kind == Tree::Kind::null ? nullptr : value;
}

const SourceLocation& ModelKeys::place(const std::string& key) const {
  const Tree* value = find(key);
  return value == nullptr ? config_.at : value->at;
}

void ModelKeys::note(const std::string& key, std::string text, bool quoted) {
  Tree value;
  value.kind = Tree::Kind::scalar;
  value.at = place(key);
  value.text = std::move(text);
  value.quoted = quoted;
  used_.entries.push_back({.key = key, .key_at = value.at, .value = value});
}

std::optional<std::uint64_t> ModelKeys::optional_size(const std::string& key) {
  const Tree* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind != Tree::Kind::scalar || has_control_character(value->text)) {
    problems_.add(value->at, key, fmt::format("expected a whole number, got {}", found(*value)));
    return std::nullopt;
  }
  const Parsed<std::uint64_t> parsed = parse_count(value->text);
  if (!parsed.value) {
    problems_.add(value->at, key, parsed.problem);
  } else if (*parsed.value == 0) {
    problems_.add(value->at, key, "must be at least 1, got 0");
  } else if (*parsed.value > kMaxFeatures) {
    problems_.add(value->at, key, fmt::format("must be at most {}, got {}", kMaxFeatures, *parsed.value));
  } else {
    note(key, std::to_string(*parsed.value), false);
    return parsed.value;
  }
  return std::nullopt;
}

std::uint64_t ModelKeys::size(const std::string& key) {
  if (find(key) == nullptr) missing_.push_back(key);
  return optional_size(key).value_or(1);  // any value will do: there is a problem
}

std::uint64_t ModelKeys::size_or(const std::string& key, std::uint64_t otherwise) {
  if (find(key) != nullptr) return optional_size(key).value_or(1);
  note(key, std::to_string(otherwise), false);
  return otherwise;
}

std::uint64_t ModelKeys::either_size(const std::string& key, const std::string& other) {
  if (find(key) != nullptr || find(other) == nullptr) return size(key);
  const std::optional<std::uint64_t> value = optional_size(other);
  if (value) used_.entries.back().key = key;
  return value.value_or(1);
}

std::uint64_t ModelKeys::note_nothing(const std::string& key) {
  used_.entries.push_back({.key = key, .key_at = place(key), .value = make_tree(Tree::Kind::null)});
  return 0;
}

std::string ModelKeys::text_or(const std::string& key, const std::string& otherwise) {
  const Tree* value = find(key);
  std::string text = value == nullptr ? otherwise : value->text;
  if (value != nullptr && (value->kind != Tree::Kind::scalar || has_control_character(text))) {
    problems_.add(value->at, key, fmt::format("expected a word, got {}", found(*value)));
    text = otherwise;
  }
  note(key, text, true);
  return text;
}

bool ModelKeys::names(const std::string& key, const std::string& ending) {
  const Tree* list = find(key);
  if (list == nullptr || list->kind != Tree::Kind::list) return false;
  const bool named = std::any_of(list->items.begin(), list->items.end(),
                                 [&](const Tree& item) { return item.text.ends_with(ending); });
  if (named) {
    Tree copy = make_tree(Tree::Kind::list, list->at);
    copy.items.push_back(make_text(ending));
    used_.entries.push_back({.key = key, .key_at = list->at, .value = std::move(copy)});
  }
  return named;
}

std::vector<bool> ModelKeys::alternating(const std::string& key, const std::string& kind,
                                         std::uint64_t count) {
  std::vector<bool> blocks;
  const Tree* list = find(key);
  if (list != nullptr && problems_.empty()) {
    for (const Tree& group : list->items) {
      const bool pair = group.items.size() == 2 && !group.items[0].items.empty();
      const Parsed<std::uint64_t> times = pair ? parse_count(group.items[1].text) : Parsed<std::uint64_t>{};
      for (std::uint64_t i = 0; times.value && i < *times.value && blocks.size() < count; ++i) {
        for (const Tree& item : group.items[0].items) blocks.push_back(item.text == kind);
      }
    }
    if (blocks.size() != count) {
      problems_.add(list->at, key,
                    fmt::format("expected kinds of attention for {} blocks, such as "
                                "[[[\"global\", \"local\"], {}]]",
                                count, count / 2));
    }
    Tree kinds = make_tree(Tree::Kind::list, list->at);
    for (const bool block : blocks) kinds.items.push_back(make_text(block ? kind : "global"));
    Tree group = make_tree(Tree::Kind::list, list->at);
    group.items = {std::move(kinds), make_plain("1")};
    Tree all = make_tree(Tree::Kind::list, list->at);
    all.items.push_back(std::move(group));
    used_.entries.push_back({.key = key, .key_at = list->at, .value = std::move(all)});
  }
  blocks.resize(problems_.empty() ? count : 0);
  return blocks;
}

std::uint64_t ModelKeys::labels() {
  const Tree* names = find("id2label");
  if (names != nullptr && names->kind == Tree::Kind::map && !names->entries.empty() &&
      find("num_labels") == nullptr) {
    note("num_labels", std::to_string(names->entries.size()), false);
    return names->entries.size();
  }
  return size_or("num_labels", 2);
}

bool ModelKeys::flag_or(const std::string& key, bool otherwise) {
  bool flag = otherwise;
  if (const Tree* value = find(key)) {
    flag = value->text == "true";
    if (value->kind != Tree::Kind::scalar || (!flag && value->text != "false")) {
      problems_.add(value->at, key, fmt::format("expected true or false, got {}", found(*value)));
    }
  }
  note(key, flag ? "true" : "false", false);
  return flag;
}

std::string ModelKeys::activation_or(const std::string& key, const std::string& otherwise) {
  const Tree* value = find(key);
  const std::string name = value == nullptr ? otherwise : value->text;
  note(key, name, true);
  const auto* known = std::find_if(kActivations.begin(), kActivations.end(),
                                   [&](const auto& activation) { return activation.first == name; });
  if (known != kActivations.end()) return std::string{known->second};
  std::vector<std::string_view> names;
  names.reserve(kActivations.size());
  for (const auto& activation : kActivations) names.push_back(activation.first);
  problems_.add(place(key), key,
                fmt::format("unknown activation {}; known: {}", value == nullptr ? name : found(*value),
                            fmt::join(names, ", ")));
  return "gelu";
}

void ModelKeys::require_multiple(const std::string& width, std::uint64_t width_value,
                                 const std::string& heads, std::uint64_t heads_value) {
  if (width_value % heads_value == 0) return;
  problems_.add(place(heads), heads,
                fmt::format("{} heads do not divide {} {}", heads_value, width, width_value));
}

void ModelKeys::require_equal(const std::string& key, std::uint64_t value, const std::string& other) {
  const std::optional<std::uint64_t> said = optional_size(key);
  if (!said || *said == value) return;
  problems_.add(place(key), key,
                fmt::format("must equal {}, {}: other variants are not known, got {}", other, value, *said));
}

void ModelKeys::require_flag(const std::string& key, bool value) {
  if (flag_or(key, value) == value) return;
  problems_.add(place(key), key, fmt::format("only {} is known", value ? "true" : "false"));
}

void ModelKeys::require_more(const std::string& key, std::uint64_t value, std::uint64_t than) {
  if (value > than) return;
  problems_.add(place(key), key, fmt::format("must be more than {}, got {}", than, value));
}

void ModelKeys::limit_side(const std::string& key, std::uint64_t value) {
  if (value <= kMaxSide) return;
  problems_.add(place(key), key, fmt::format("must be at most {}, got {}", kMaxSide, value));
}

void ModelKeys::limit_layers(const std::string& key, std::uint64_t blocks, std::uint64_t layers_per_block) {
  const std::uint64_t most = (kMaxLayers - kLayersBesideBlocks) / layers_per_block;
  if (blocks > most) problems_.add(place(key), key, fmt::format("must be at most {}, got {}", most, blocks));
}

void ModelKeys::limit_width(const std::string& key, std::uint64_t head_dim, std::uint64_t heads) {
  if (head_dim <= kMaxFeatures / heads) return;
  problems_.add(place(key), key, fmt::format("must be at most {}, got {}", kMaxFeatures / heads, head_dim));
}

Tree ModelKeys::finish() {
  if (!missing_.empty()) {
    problems_.add(config_.at, "",
                  fmt::format("a model of type {} needs {}", model_type_, fmt::join(missing_, ", ")));
  }
  problems_.throw_if_any();
  return std::move(used_);
}

}  // namespace wafersim::workload_detail
