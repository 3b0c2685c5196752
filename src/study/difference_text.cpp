// A difference as people read it.
#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"
#include "wafersim/study/difference.hpp"

#include "study/difference_parts.hpp"

namespace wafersim {
namespace {

using study_detail::leading_part;
using study_detail::value_table;

constexpr std::size_t kTerminal = 100;
constexpr std::size_t kMostLayers = 20;
constexpr std::size_t kMostValues = 20;
constexpr std::size_t kCellWidth = 40;

std::string signed_number(std::int64_t value) {
  if (value == 0) return "0";
  const auto size = static_cast<std::uint64_t>(value < 0 ? -value : value);
  return (value < 0 ? "-" : "+") + grouped(size);
}

std::string change_in_percent(double before, double after) {
  if (before == 0.0) return "new";
  return fmt::format("{:+.3g} %", 100.0 * (after / before - 1.0));
}

std::string_view station_of(Part part) {
  switch (part) {
    case Part::compute:
      return "wafer.compute";
    case Part::fabric:
      return "wafer.fabric";
    case Part::io:
      return "node.io";
    case Part::swarmx:
      return "swarmx";
    case Part::dram:
      return "memoryx.dram";
    case Part::flash:
      return "memoryx.flash";
    case Part::update:
      return "memoryx.update";
    case Part::fill:
      return "latencies and pipelines";
  }
  return "";
}

std::string headline(const ResultDifference& difference) {
  const auto change = static_cast<std::int64_t>(difference.after - difference.before);
  return fmt::format(
      "step: {} -> {} cycles, {} ({})\n", grouped(difference.before), grouped(difference.after),
      signed_number(change),
      change_in_percent(static_cast<double>(difference.before), static_cast<double>(difference.after)));
}

// The station and the layers that most of it comes from.
std::string sentence(const ResultDifference& difference) {
  const Part part = leading_part(difference.parts);
  const std::int64_t cycles = difference.parts[index_of(part)];
  std::string text;
  if (cycles != 0) {
    text = fmt::format("Most of it: {} cycles at {}", signed_number(cycles), station_of(part));
    const auto layer = std::max_element(
        difference.layers.begin(), difference.layers.end(), [&](const LayerChange& a, const LayerChange& b) {
          return std::abs(a.parts[index_of(part)]) < std::abs(b.parts[index_of(part)]);
        });
    if (layer != difference.layers.end()) text += fmt::format(", first of all in {}", layer->name);
    text += ". ";
  }
  std::string changed;
  for (const StationChange& station : difference.stations) {
    if (station.peak_changed) changed += (changed.empty() ? "" : ", ") + station.name;
  }
  if (!changed.empty()) text += fmt::format("The peak changed of: {}.", changed);
  return text.empty() ? text : wrapped(text, kTerminal, 2) + "\n";
}

std::string layer_table(const ResultDifference& difference) {
  std::vector<Part> shown;
  for (const Part part : kAllParts) {
    const bool any = std::any_of(difference.layers.begin(), difference.layers.end(),
                                 [&](const LayerChange& layer) { return layer.parts[index_of(part)] != 0; });
    if (any) shown.push_back(part);
  }
  std::vector<TableColumn> columns{{"layer", Align::left}};
  for (const Part part : shown) columns.push_back({std::string{to_string(part)}});
  columns.push_back({"together"});
  Table table{columns};
  const auto add = [&](const std::string& name, const SignedByPart& parts, std::int64_t total) {
    std::vector<std::string> cells{clipped(name, kCellWidth)};
    for (const Part part : shown) cells.push_back(signed_number(parts[index_of(part)]));
    cells.push_back(signed_number(total));
    table.add(std::move(cells));
  };
  LayerChange others{.name = "other layers", .parts = {}, .total = 0};
  for (std::size_t i = 0; i < difference.layers.size(); ++i) {
    const LayerChange& layer = difference.layers[i];
    if (i < kMostLayers) {
      add(layer.name, layer.parts, layer.total);
      continue;
    }
    for (std::size_t part = 0; part < kParts; ++part) others.parts[part] += layer.parts[part];
    others.total += layer.total;
  }
  if (difference.layers.size() > kMostLayers) add(others.name, others.parts, others.total);
  add("step", difference.parts, static_cast<std::int64_t>(difference.after - difference.before));
  return "Cycles more than before, by layer and by what they were spent on\n" + table.text();
}

std::string rate_of(const std::string& text, const std::string& name) {
  if (text.empty()) return "none";
  return si(std::strtod(text.c_str(), nullptr), name == "wafer.compute" ? "FLOP/s" : "B/s");
}

std::string station_table(const std::vector<StationChange>& stations) {
  Table table{{{"station", Align::left}, {"peak"}, {"now"}, {"busy"}, {"now"}}};
  for (const StationChange& station : stations) {
    table.add({station.name, rate_of(station.peak[0], station.name),
               station.peak_changed ? rate_of(station.peak[1], station.name) : "same",
               percent(station.busy[0]), percent(station.busy[1])});
  }
  return "Stations\n" + table.text();
}

}  // namespace

namespace study_detail {

Part leading_part(const SignedByPart& parts) {
  return *std::max_element(kAllParts.begin(), kAllParts.end(), [&](Part a, Part b) {
    return std::abs(parts[index_of(a)]) < std::abs(parts[index_of(b)]);
  });
}

std::string value_table(const std::string& title, const std::vector<ValueChange>& values) {
  Table table{{{"name", Align::left}, {"before"}, {"now"}}};
  for (std::size_t i = 0; i < std::min(values.size(), kMostValues); ++i) {
    const auto shown = [](const std::string& text) {
      return text.empty() ? "none" : clipped(text, kCellWidth);
    };
    table.add({values[i].name, shown(values[i].before), shown(values[i].after)});
  }
  std::string text = title + "\n" + table.text();
  if (values.size() > kMostValues) text += fmt::format("  ... and {} more\n", values.size() - kMostValues);
  return text;
}

}  // namespace study_detail

std::string explain(const ResultDifference& difference) {
  std::string text = headline(difference) + sentence(difference);
  if (!difference.layers.empty()) text += "\n" + layer_table(difference);
  if (!difference.stations.empty()) text += "\n" + station_table(difference.stations);
  return text;
}

std::string write_text(const ResultDifference& difference) {
  if (difference.figures.empty() && difference.inputs.empty()) return "no difference\n";
  std::string text = explain(difference);
  if (!difference.inputs.empty()) text += "\n" + value_table("Inputs that differ", difference.inputs);
  if (difference.before == difference.after && !difference.figures.empty())
    text += "\n" + value_table("Figures that differ", difference.figures);
  return text;
}

}  // namespace wafersim
