// Walks what a machine file may say beside what this machine says.
#include "study/parameters.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "wafersim/base/parse.hpp"
#include "wafersim/config/machine.hpp"

namespace wafersim::study_detail {
namespace {

constexpr std::array kNoParameters{"published", "cluster.steps", "cluster.max_nodes", "wafer.energy"};

bool left_out(const std::string& key) {
  for (const std::string_view name : kNoParameters) {
    if (key == name || key.starts_with(std::string{name} + ".")) return true;
  }
  return false;
}

bool has_size(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::count:
    case ScalarKind::size:
    case ScalarKind::rate:
    case ScalarKind::frequency:
    case ScalarKind::duration:
    case ScalarKind::fraction:
    case ScalarKind::grid:
      return true;
    default:
      return false;
  }
}

void add(const std::vector<FieldInfo>& fields, const Tree& tree, const std::string& path,
         std::vector<Parameter>& parameters) {
  for (const FieldInfo& field : fields) {
    const std::string key = path.empty() ? field.name : path + "." + field.name;
    const Tree* value = tree.find(field.name);
    if (value == nullptr || left_out(key) || field.list) continue;
    if (!field.fields.empty()) {
      add(field.fields, *value, key, parameters);
    } else if (has_size(field.kind) && value->kind == Tree::Kind::scalar && value->text != field.nothing) {
      parameters.push_back({.key = key, .value = value->text, .kind = field.kind});
    }
  }
}

// In whole units of its kind; columns of a grid.
std::uint64_t units_of(ScalarKind kind, const std::string& text) {
  switch (kind) {
    case ScalarKind::size:
      return parse_bytes(text).value.value_or(Bytes{}).count();
    case ScalarKind::rate:
      return parse_rate(text).value.value_or(BytesPerSecond{}).count();
    case ScalarKind::frequency:
      return parse_frequency(text).value.value_or(Hertz{}).count();
    case ScalarKind::duration:
      return parse_duration(text).value.value_or(Picoseconds{}).count();
    case ScalarKind::fraction:
      return parse_fraction(text).value.value_or(Fraction{}).billionths;
    case ScalarKind::grid:
      return parse_grid(text).value.value_or(GridSize{}).columns;
    default:
      return parse_count(text).value.value_or(0);
  }
}

std::string spelled(const Parameter& parameter, std::uint64_t units) {
  switch (parameter.kind) {
    case ScalarKind::size:
      return spell(Bytes{units});
    case ScalarKind::rate:
      return spell(BytesPerSecond{units});
    case ScalarKind::frequency:
      return spell(Hertz{units});
    case ScalarKind::duration:
      return spell(Picoseconds{units});
    case ScalarKind::fraction:
      return spell(Fraction{units});
    case ScalarKind::grid:
      return spell(
          GridSize{.columns = units, .rows = parse_grid(parameter.value).value.value_or(GridSize{}).rows});
    default:
      return std::to_string(units);
  }
}

}  // namespace

std::vector<Parameter> parameters_of(const MachineSpec& machine) {
  std::vector<Parameter> parameters;
  add(machine_fields(), to_tree(machine), "", parameters);
  return parameters;
}

std::optional<std::string> scaled(const Parameter& parameter, double factor) {
  const std::uint64_t units = units_of(parameter.kind, parameter.value);
  const double exact = std::round(static_cast<double>(units) * factor);
  constexpr double kMost = 1e18;
  if (units == 0 || exact > kMost) return {};
  auto moved = static_cast<std::uint64_t>(exact);
  if (factor > 1.0 && moved <= units) moved = units + 1;
  if (factor < 1.0 && moved >= units) moved = units - 1;
  if (moved == 0 || (parameter.kind == ScalarKind::fraction && moved > Fraction::kOne)) return {};
  return spelled(parameter, moved);
}

double ratio_of(const Parameter& parameter, const std::string& text) {
  return static_cast<double>(units_of(parameter.kind, text)) /
         static_cast<double>(units_of(parameter.kind, parameter.value));
}

}  // namespace wafersim::study_detail
