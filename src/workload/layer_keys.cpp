// Which keys a layer may have depends on its operator.
#include "workload/layer_keys.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "workload/layer_record.hpp"

namespace wafersim::workload_detail {
namespace {

// Keys that only some operators have; `name` and `op` belong to all.
struct KeyUse {
  std::string_view key;
  std::array<bool, 8> of;  // in the order of OpKind
};
constexpr std::array kKeyUses{
    //                  embedding linear attention norm elementwise multiply residual loss
    KeyUse{"input", {false, true, true, true, true, false, false, true}},
    KeyUse{"inputs", {false, false, true, false, false, true, true, false}},
    KeyUse{"rows", {true, false, false, false, false, false, false, false}},
    KeyUse{"features", {true, true, false, false, false, false, false, false}},
    KeyUse{"in_features", {false, true, false, true, true, true, true, true}},
    KeyUse{"bias", {false, true, false, true, false, false, false, false}},
    KeyUse{"tied_to", {true, true, false, false, false, false, false, false}},
    KeyUse{"heads", {false, false, true, false, false, false, false, false}},
    KeyUse{"kv_heads", {false, false, true, false, false, false, false, false}},
    KeyUse{"head_dim", {false, false, true, false, false, false, false, false}},
    KeyUse{"causal", {false, false, true, false, false, false, false, false}},
    KeyUse{"function", {false, false, false, true, true, false, false, false}},
};

// Keys without which an operator has no meaning.
constexpr std::array<std::pair<OpKind, std::string_view>, 5> kNeeded{{{OpKind::embedding, "rows"},
                                                                      {OpKind::embedding, "features"},
                                                                      {OpKind::linear, "features"},
                                                                      {OpKind::attention, "heads"},
                                                                      {OpKind::elementwise, "function"}}};

void check_keys(const Tree& tree, OpKind op, const std::string& path, Problems& problems) {
  for (const KeyUse& use : kKeyUses) {
    if (use.of.at(static_cast<std::size_t>(op))) continue;
    const auto entry = std::find_if(tree.entries.begin(), tree.entries.end(),
                                    [&](const Tree::Entry& candidate) { return candidate.key == use.key; });
    if (entry == tree.entries.end()) continue;
    problems.add(entry->key_at, fmt::format("{}.{}", path, use.key),
                 fmt::format("op '{}' has no such key", to_string(op)));
  }
  for (const auto& [needing, key] : kNeeded) {
    if (needing != op || tree.find(key) != nullptr) continue;
    problems.add(tree.at, fmt::format("{}.{}", path, key), fmt::format("op '{}' needs it", to_string(op)));
  }
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"._-/:"}.find(c) != std::string_view::npos;
}

LayerDraft draft_of(const LayerRecord& record, const Tree& tree) {
  LayerDraft draft;
  draft.name = record.name;
  draft.op = record.op;
  draft.at = tree.at;
  draft.rows = record.rows.value_or(0);
  draft.features = record.features.value_or(0);
  draft.in_features = record.in_features;
  draft.heads = record.heads.value_or(0);
  draft.kv_heads = record.kv_heads.value_or(0);
  draft.head_dim = record.head_dim.value_or(0);
  draft.causal = record.causal.value_or(true);
  draft.function = record.function.value_or(record.op == OpKind::norm ? "layernorm" : "");
  draft.bias = record.bias.value_or(draft.op == OpKind::norm && draft.function == "layernorm");
  if (record.tied_to) draft.tied_to = Reference{.layer = *record.tied_to, .at = tree.find("tied_to")->at};
  if (record.input) draft.inputs.push_back({.layer = *record.input, .at = tree.find("input")->at});
  for (std::size_t i = 0; i < record.inputs.size(); ++i) {
    draft.inputs.push_back({.layer = record.inputs[i], .at = tree.find("inputs")->items[i].at});
  }
  return draft;
}

}  // namespace

void check_name(const Tree& name, const std::string& path, Problems& problems) {
  if (name.kind != Tree::Kind::scalar) return;  // reported already
  constexpr std::size_t kLongest = 200;
  const bool allowed = !name.text.empty() && name.text.size() <= kLongest &&
                       std::all_of(name.text.begin(), name.text.end(), is_name_character);
  if (allowed) return;
  problems.add(name.at, path,
               fmt::format("a name has 1 to {} letters, digits and characters of '._-/:'", kLongest));
}

PlacedLayer read_layer(const Tree& tree, const std::string& path, Problems& problems) {
  Problems own;
  LayerRecord record;
  read_record(tree, path, record, own);
  if (const Tree* name = tree.find("name")) check_name(*name, path + ".name", own);
  if (own.empty()) check_keys(tree, record.op, path, own);
  if (record.input && tree.find("inputs") != nullptr) {
    own.add(tree.find("inputs")->at, path + ".inputs", "give either 'input' or 'inputs', not both");
  }
  for (const Problem& problem : own.items()) problems.add(problem.at, problem.key, problem.message);
  if (!own.empty()) return {};
  PlacedLayer layer{.draft = draft_of(record, tree)};
  layer.takes_previous = layer.draft.inputs.empty() && record.op != OpKind::embedding;
  return layer;
}

}  // namespace wafersim::workload_detail
