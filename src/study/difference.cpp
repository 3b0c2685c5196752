// Subtracts two results, layer by layer and part by part.
#include "wafersim/study/difference.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "study/difference_parts.hpp"
#include "study/flatten.hpp"
#include "study/point_row.hpp"

namespace wafersim {
namespace {

std::int64_t cycles_of(const Tree* tree) {
  std::int64_t cycles = 0;
  if (tree != nullptr) std::from_chars(tree->text.data(), tree->text.data() + tree->text.size(), cycles);
  return cycles;
}

const Tree* find(const Tree& tree, std::initializer_list<const char*> path) {
  const Tree* at = &tree;
  for (const char* const key : path) {
    at = at->find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string text_of(const Tree& map, const char* key) {
  const Tree* value = map.find(key);
  return value == nullptr ? std::string{} : value->text;
}

// Adds the cycles of a result's layers, times `sign`.
void add_layers(const Tree& result, std::int64_t sign, std::map<std::string, LayerChange>& layers) {
  for (const Tree& layer : result.find("layers")->items) {
    const std::string family = study_detail::layer_family(text_of(layer, "name"));
    LayerChange& change = layers[family];
    change.name = family;
    for (const Part part : kAllParts) {
      const std::int64_t cycles =
          sign * cycles_of(find(layer, {"parts", std::string{to_string(part)}.c_str()}));
      change.parts[index_of(part)] += cycles;
      change.total += cycles;
    }
  }
}

void add_parts(const Tree& result, std::int64_t sign, SignedByPart& parts) {
  for (const Tree& row : result.find("attribution")->items) {
    for (const Part part : kAllParts) {
      if (text_of(row, "part") == to_string(part))
        parts[index_of(part)] += sign * cycles_of(row.find("cycles"));
    }
  }
}

std::int64_t effect(const LayerChange& change) {
  std::int64_t sum = 0;
  for (const std::int64_t cycles : change.parts) sum += std::abs(cycles);
  return sum;
}

std::vector<LayerChange> layer_changes(const Tree& before, const Tree& after, const SignedByPart& parts) {
  std::map<std::string, LayerChange> families;
  add_layers(before, -1, families);
  add_layers(after, 1, families);
  LayerChange rest{.name = "(no layer)", .parts = parts, .total = 0};
  std::vector<LayerChange> changes;
  for (auto& [name, change] : families) {
    for (std::size_t i = 0; i < kParts; ++i) rest.parts[i] -= change.parts[i];
    if (effect(change) > 0) changes.push_back(change);
  }
  for (const std::int64_t cycles : rest.parts) rest.total += cycles;
  if (effect(rest) > 0) changes.push_back(rest);
  std::stable_sort(changes.begin(), changes.end(), [](const LayerChange& a, const LayerChange& b) {
    return std::pair{std::abs(a.total), effect(a)} > std::pair{std::abs(b.total), effect(b)};
  });
  return changes;
}

double number_of(const std::string& text) {
  return text.empty() ? 0.0 : std::strtod(text.c_str(), nullptr);
}

const Tree* station_named(const Tree& result, const std::string& name) {
  for (const Tree& station : result.find("stations")->items) {
    if (text_of(station, "name") == name) return &station;
  }
  return nullptr;
}

std::vector<StationChange> station_changes(const Tree& before, const Tree& after) {
  std::vector<StationChange> changes;
  std::vector<std::string> names;
  for (const Tree* result : {&before, &after}) {
    for (const Tree& station : result->find("stations")->items) {
      const std::string name = text_of(station, "name");
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    const std::array<const Tree*, 2> sides{station_named(before, name), station_named(after, name)};
    StationChange change;
    change.name = name;
    for (std::size_t i = 0; i < sides.size(); ++i) {
      if (sides[i] == nullptr) continue;
      const std::string flops = text_of(*sides[i], "peak_flops_per_second");
      const bool computes = number_of(flops) > 0.0;
      change.peak[i] = computes ? flops : text_of(*sides[i], "peak_bytes_per_second");
      change.achieved[i] = text_of(*sides[i], "achieved_bytes_per_second");
      change.busy[i] = number_of(text_of(*sides[i], "busy_fraction"));
    }
    change.peak_changed = !study_detail::same_value(change.peak[0], change.peak[1]);
    if (change.peak_changed || !study_detail::same_value(change.achieved[0], change.achieved[1]) ||
        change.busy[0] != change.busy[1])
      changes.push_back(change);
  }
  std::stable_sort(changes.begin(), changes.end(), [](const StationChange& a, const StationChange& b) {
    const auto rank = [](const StationChange& c) {
      return std::pair{c.peak_changed, std::abs(c.busy[1] - c.busy[0])};
    };
    return rank(a) > rank(b);
  });
  return changes;
}

bool is_result(const Tree& tree) {
  for (const char* const list : {"layers", "stations", "attribution"}) {
    const Tree* found = tree.find(list);
    if (found == nullptr || found->kind != Tree::Kind::list) return false;
  }
  return find(tree, {"inputs", "machine"}) != nullptr && find(tree, {"inputs", "workload"}) != nullptr &&
         find(tree, {"step", "cycles"}) != nullptr;
}

}  // namespace

namespace study_detail {

std::vector<ValueChange> value_changes(const std::vector<Override>& before,
                                       const std::vector<Override>& after) {
  std::map<std::string, std::string> old;
  for (const Override& value : before) old[value.key] = value.value;
  std::vector<ValueChange> changes;
  for (const Override& value : after) {
    const auto known = old.find(value.key);
    const std::string was = known == old.end() ? "" : known->second;
    if (!same_value(was, value.value))
      changes.push_back({.name = value.key, .before = was, .after = value.value});
    if (known != old.end()) old.erase(known);
  }
  for (const Override& value : before) {
    if (old.contains(value.key)) changes.push_back({.name = value.key, .before = value.value, .after = ""});
  }
  return changes;
}

}  // namespace study_detail

Tree load_result(const std::filesystem::path& file) {
  Tree tree = load_tree(file);
  const Tree* schema = tree.find("schema");
  const bool ours = schema != nullptr && schema->text == "wafersim.run/1";
  if (!ours || !is_result(tree)) {
    throw InputError{
        {.at = schema == nullptr ? tree.at : schema->at,
         .key = "schema",
         .message = fmt::format("expected a result of 'wafersim run --format json' (wafersim.run/1){}",
                                schema == nullptr || ours ? "" : ", got '" + schema->text + "'")}};
  }
  return tree;
}

ResultDifference difference_of(const Tree& before, const Tree& after) {
  ResultDifference difference;
  difference.before = static_cast<std::uint64_t>(cycles_of(find(before, {"step", "cycles"})));
  difference.after = static_cast<std::uint64_t>(cycles_of(find(after, {"step", "cycles"})));
  add_parts(before, -1, difference.parts);
  add_parts(after, 1, difference.parts);
  difference.layers = layer_changes(before, after, difference.parts);
  difference.stations = station_changes(before, after);
  difference.inputs =
      study_detail::value_changes(study_detail::inputs_of(before), study_detail::inputs_of(after));
  difference.figures =
      study_detail::value_changes(study_detail::figures_of(before), study_detail::figures_of(after));
  return difference;
}

}  // namespace wafersim
