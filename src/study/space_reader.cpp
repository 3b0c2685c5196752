// Each way of spanning a space becomes factors of it.
#include "study/space_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/parse.hpp"
#include "wafersim/config/record.hpp"

#include "study/draw_range.hpp"
#include "study/expression.hpp"

namespace wafersim::study_detail {
namespace {

Axis::Value value_from(const Tree& item) {
  const bool plain = item.kind == Tree::Kind::scalar && !item.quoted;
  return {.text = plain ? item.text : to_json(item), .at = item.at};
}

// The values of a list; empty, with a problem, if there are none.
std::vector<Axis::Value> read_values(const Tree& list, const std::string& path, Problems& problems) {
  std::vector<Axis::Value> values;
  if (list.kind != Tree::Kind::list || list.items.empty()) {
    problems.add(list.at, path, "expected a list of values such as [1, 2, 4]");
    return values;
  }
  for (const Tree& item : list.items) values.push_back(value_from(item));
  return values;
}

void refuse_repetitions(const Axis& axis, const std::string& path, Problems& problems) {
  std::vector<std::string> texts;
  for (const Axis::Value& value : axis.values) {
    const bool again = std::find(texts.begin(), texts.end(), value.text) != texts.end();
    if (again) problems.add(value.at, path, fmt::format("the value {} is there twice", value.text));
    texts.push_back(value.text);
  }
}

bool is_filled_map(const Tree& tree, const char* name, Problems& problems) {
  if (tree.kind == Tree::Kind::map && !tree.entries.empty()) return true;
  problems.add(tree.at, name, "expected keys with lists of values, such as 'cluster.nodes: [1, 2, 4]'");
  return false;
}

Axis axis_of(const Tree::Entry& entry, const char* origin, std::vector<Axis::Value> values) {
  return {.key = entry.key, .origin = origin, .at = entry.key_at, .values = std::move(values), .range = {}};
}

Axis read_random_axis(const Tree::Entry& entry, Problems& problems) {
  const std::string path = "random." + entry.key;
  if (entry.value.kind == Tree::Kind::list)
    return axis_of(entry, "random", read_values(entry.value, path, problems));
  Axis axis = axis_of(entry, "random", {});
  const Tree* from = entry.value.find("from");
  const Tree* to = entry.value.find("to");
  if (from == nullptr || to == nullptr || entry.value.entries.size() != 2) {
    problems.add(entry.value.at, path, "expected a list of choices, or a range such as {from: 0.1, to: 0.9}");
    return axis;
  }
  axis.values = {value_from(*from), value_from(*to)};
  axis.range = parse_range(axis.values[0].text, axis.values[1].text);
  if (!axis.range) {
    problems.add(from->at, path,
                 "expected 'from' and 'to' as numbers with the same unit, the smaller one first");
  }
  return axis;
}

// Formulas whose texts stand in `text`.
void add_formula(const std::string& key, const std::string& path, const Tree& text,
                 std::vector<Formula>& formulas, Problems& problems) {
  if (text.kind != Tree::Kind::scalar) {
    problems.add(text.at, path, "expected an expression such as 'tokens_per_node * nodes'");
    return;
  }
  try {
    formulas.push_back(
        {.key = key, .at = text.at, .expression = std::make_shared<const Expression>(text.text)});
  } catch (const ExpressionError& error) {
    SourceLocation at = text.at;
    at.column += static_cast<std::uint32_t>(error.at());
    problems.add(at, path, fmt::format("'{}': {}", text.text, error.what()));
  }
}

}  // namespace

std::vector<Factor> read_grid(const Tree& grid, Problems& problems) {
  std::vector<Factor> factors;
  if (!is_filled_map(grid, "sweep", problems)) return factors;
  for (const Tree::Entry& entry : grid.entries) {
    const std::string path = "sweep." + entry.key;
    Axis axis = axis_of(entry, "sweep", read_values(entry.value, path, problems));
    refuse_repetitions(axis, path, problems);
    const std::uint64_t count = axis.values.size();
    factors.push_back({.axes = {std::move(axis)}, .count = count, .seed = {}});
  }
  return factors;
}

std::vector<Factor> read_zip(const Tree& zip, Problems& problems) {
  if (!is_filled_map(zip, "zip", problems)) return {};
  Factor factor;
  for (const Tree::Entry& entry : zip.entries) {
    const std::string path = "zip." + entry.key;
    factor.axes.push_back(axis_of(entry, "zip", read_values(entry.value, path, problems)));
    const std::size_t here = factor.axes.back().values.size();
    const Axis& first = factor.axes.front();
    if (here != first.values.size()) {
      problems.add(entry.key_at, path,
                   fmt::format("has {} values, but '{}' has {}: zipped keys have as many as each other", here,
                               first.key, first.values.size()));
    }
  }
  factor.count = factor.axes.front().values.size();
  return {std::move(factor)};
}

std::vector<Factor> read_list(const Tree& list, Problems& problems) {
  if (list.kind != Tree::Kind::list || list.items.empty()) {
    problems.add(list.at, "list",
                 "expected a list of points such as '- {cluster.nodes: 4, wafer.clock: 1 GHz}'");
    return {};
  }
  Factor factor;
  factor.count = list.items.size();
  for (const Tree& point : list.items) {
    if (point.kind != Tree::Kind::map || point.entries.empty()) {
      problems.add(point.at, "list", "expected a point such as {cluster.nodes: 4, wafer.clock: 1 GHz}");
      continue;
    }
    if (factor.axes.empty()) {
      for (const Tree::Entry& entry : point.entries) factor.axes.push_back(axis_of(entry, "list", {}));
    }
    for (const Tree::Entry& entry : point.entries) {
      const auto known = std::find_if(factor.axes.begin(), factor.axes.end(),
                                      [&](const Axis& axis) { return axis.key == entry.key; });
      if (known == factor.axes.end())
        problems.add(entry.key_at, "list." + entry.key, "the first point of the list does not set this key");
    }
    for (Axis& axis : factor.axes) {
      const Tree* value = point.find(axis.key);
      if (value != nullptr) {
        axis.values.push_back(value_from(*value));
      } else {
        problems.add(point.at, "list",
                     fmt::format("this point does not set '{}', which the first one does", axis.key));
      }
    }
  }
  return {std::move(factor)};
}

std::vector<Factor> read_random(const Tree& random, Problems& problems) {
  Factor factor;
  std::uint64_t seed = 0;
  struct Said {
    std::uint64_t points{};
    std::uint64_t seed{};
  } said;
  RecordReader reader{random, "random", problems};
  if (random.kind != Tree::Kind::map) return {};
  reader.field("points", said.points, {.help = "how many points to draw", .low = 1});
  reader.field("seed", said.seed, {.help = "the same seed draws the same points"});
  const Tree* keys = reader.take("keys", true);
  reader.finish();
  seed = said.seed;
  if (keys == nullptr || !is_filled_map(*keys, "random.keys", problems)) return {};
  for (const Tree::Entry& entry : keys->entries) factor.axes.push_back(read_random_axis(entry, problems));
  factor.count = said.points;
  factor.seed = seed;
  return {std::move(factor)};
}

std::vector<Formula> read_derived(const Tree& derive, Problems& problems) {
  std::vector<Formula> formulas;
  if (derive.kind != Tree::Kind::map) {
    problems.add(derive.at, "derive",
                 "expected keys with expressions, such as 'workload.global_batch: 8 * nodes'");
    return formulas;
  }
  for (const Tree::Entry& entry : derive.entries)
    add_formula(entry.key, "derive." + entry.key, entry.value, formulas, problems);
  return formulas;
}

std::vector<Formula> read_conditions(const Tree& where, Problems& problems) {
  std::vector<Formula> formulas;
  if (where.kind == Tree::Kind::scalar) {
    add_formula({}, "where", where, formulas, problems);
  } else if (where.kind == Tree::Kind::list) {
    for (const Tree& item : where.items) add_formula({}, "where", item, formulas, problems);
  } else {
    problems.add(where.at, "where", "expected a condition such as 'nodes <= 16', or a list of them");
  }
  return formulas;
}

}  // namespace wafersim::study_detail
