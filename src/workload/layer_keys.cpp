// Which keys a layer may have depends on its operator.
#include "workload/layer_keys.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "workload/layer_record.hpp"

namespace wafersim::workload_detail {
namespace {

// A set of operators, as bits.
constexpr std::uint32_t operators(std::initializer_list<OpKind> kinds) {
  std::uint32_t bits = 0;
  for (const OpKind kind : kinds) bits |= 1U << static_cast<unsigned>(kind);
  return bits;
}

// Keys that only some operators have; `name` and `op` belong to all.
struct KeyUse {
  std::string_view key;
  std::uint32_t of;
};
using K = OpKind;
constexpr std::uint32_t kWithoutInput = operators({K::embedding, K::input});
constexpr std::uint32_t kWithSeveral = operators({K::multiply, K::residual, K::concat});
constexpr std::uint32_t kWindows = operators({K::convolution, K::pool});
constexpr std::array kKeyUses{
    KeyUse{"input", ~(kWithoutInput | kWithSeveral)},
    KeyUse{"inputs", kWithSeveral | operators({K::attention})},
    KeyUse{"rows", operators({K::embedding})},
    KeyUse{"features", operators({K::embedding, K::linear, K::input, K::convolution, K::move, K::recurrent})},
    KeyUse{"in_features", ~(kWithoutInput | operators({K::attention}))},
    KeyUse{"bias", operators({K::linear, K::norm, K::convolution, K::recurrent, K::elementwise})},
    KeyUse{"tied_to", operators({K::embedding, K::linear})},
    KeyUse{"heads", operators({K::attention})},
    KeyUse{"kv_heads", operators({K::attention})},
    KeyUse{"head_dim", operators({K::attention})},
    KeyUse{"causal", operators({K::attention})},
    KeyUse{"window", operators({K::attention})},
    KeyUse{"position_buckets", operators({K::attention})},
    KeyUse{"experts", operators({K::linear})},
    KeyUse{"active_experts", operators({K::linear})},
    KeyUse{"combine", operators({K::linear})},
    KeyUse{"along_positions", operators({K::concat})},
    KeyUse{"size", kWindows | operators({K::embedding, K::input, K::move})},
    KeyUse{"kernel", kWindows},
    KeyUse{"stride", kWindows},
    KeyUse{"dilation", kWindows},
    KeyUse{"padding", kWindows},
    KeyUse{"groups", operators({K::convolution, K::norm})},
    KeyUse{"transposed", operators({K::convolution})},
    KeyUse{"directions", operators({K::recurrent})},
    KeyUse{"affine", operators({K::norm})},
    KeyUse{"function", operators({K::norm, K::elementwise, K::pool, K::recurrent})},
    KeyUse{"zeros", operators({K::elementwise})},
};

// Keys without which an operator has no meaning.
constexpr std::array kNeeded{
    std::pair{K::embedding, "rows"},       std::pair{K::embedding, "features"},
    std::pair{K::linear, "features"},      std::pair{K::attention, "heads"},
    std::pair{K::elementwise, "function"}, std::pair{K::input, "features"},
    std::pair{K::convolution, "features"}, std::pair{K::recurrent, "features"},
};

void check_keys(const Tree& tree, OpKind op, const std::string& path, Problems& problems) {
  for (const KeyUse& use : kKeyUses) {
    if ((use.of >> static_cast<unsigned>(op) & 1U) != 0) continue;
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

// Other functions leave zeros only where their input happens to be one.
void check_zeros(const Tree& tree, const LayerRecord& record, const std::string& path, Problems& problems) {
  if (!record.zeros || record.op != OpKind::elementwise || record.function == "relu") return;
  const auto entry = std::find_if(tree.entries.begin(), tree.entries.end(),
                                  [](const Tree::Entry& candidate) { return candidate.key == "zeros"; });
  problems.add(entry->key_at, path + ".zeros",
               fmt::format("function '{}' leaves no zeros; relu does", record.function.value_or("")));
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"._-/:"}.find(c) != std::string_view::npos;
}

std::optional<Extent> extent_of(const std::optional<GridSize>& size) {
  if (!size) return std::nullopt;
  return Extent{.width = size->columns, .height = size->rows};
}

// The function of an operator that names none.
std::string_view usual_function(OpKind op) {
  switch (op) {
    case OpKind::norm:
      return "layernorm";
    case OpKind::pool:
      return "average";
    case OpKind::recurrent:
      return "lstm";
    default:
      return "";
  }
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
  draft.block = static_cast<std::uint32_t>(record.block.value_or(0));
  draft.window = record.window.value_or(0);
  draft.position_buckets = record.position_buckets.value_or(0);
  draft.experts = {.count = record.experts.value_or(1),
                   .active = record.active_experts.value_or(1),
                   .combine = record.combine.value_or(false)};
  draft.along_positions = record.along_positions.value_or(false);
  draft.extent = extent_of(record.size);
  draft.kernel = extent_of(record.kernel);
  draft.stride = extent_of(record.stride);
  draft.dilation = extent_of(record.dilation).value_or(Extent{1, 1});
  draft.padding = {.width = record.padding.value_or(0), .height = record.padding.value_or(0)};
  draft.groups = record.groups.value_or(1);
  draft.transposed = record.transposed.value_or(false);
  draft.directions = record.directions.value_or(1);
  draft.affine = record.affine.value_or(true);
  draft.function = record.function.value_or(std::string{usual_function(record.op)});
  draft.zeros = record.zeros;
  draft.bias = record.bias.value_or(record.op == OpKind::recurrent ||
                                    (record.op == OpKind::norm && draft.function != "rmsnorm"));
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
  check_zeros(tree, record, path, own);
  if (record.input && tree.find("inputs") != nullptr) {
    own.add(tree.find("inputs")->at, path + ".inputs", "give either 'input' or 'inputs', not both");
  }
  for (const Problem& problem : own.items()) problems.add(problem.at, problem.key, problem.message);
  if (!own.empty()) return {};
  PlacedLayer layer{.draft = draft_of(record, tree)};
  layer.takes_previous =
      layer.draft.inputs.empty() && (kWithoutInput >> static_cast<unsigned>(record.op) & 1U) == 0;
  return layer;
}

}  // namespace wafersim::workload_detail
