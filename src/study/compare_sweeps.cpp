// Points are matched by what the study set for them.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wafersim/base/error.hpp"
#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"
#include "wafersim/study/difference.hpp"

#include "study/point_row.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostRows = 40;
constexpr std::size_t kPointWidth = 44;

struct Side {
  std::uint64_t cycles{};  // zero of a point that failed
  SignedByPart parts{};
  std::map<std::string, std::int64_t> layers;
  std::map<std::string, double> busy;  // of each station
};

struct Pair {
  std::string point;
  Side before;
  Side after;

  [[nodiscard]] std::int64_t change() const {
    return static_cast<std::int64_t>(after.cycles - before.cycles);
  }
  [[nodiscard]] double relative() const {
    return before.cycles == 0 ? 0.0 : static_cast<double>(change()) / static_cast<double>(before.cycles);
  }
};

Side side_of(const Json& point) {
  Side side;
  if (!point.contains("step")) return side;
  side.cycles = point.at("step").at("cycles");
  for (const Part part : kAllParts)
    side.parts[index_of(part)] = point.at("parts").at(std::string{to_string(part)}).get<std::int64_t>();
  for (const auto& [name, cycles] : point.at("layers").items())
    side.layers[name] = cycles.get<std::int64_t>();
  for (const auto& [name, station] : point.at("stations").items())
    side.busy[name] = station.at("busy_fraction");
  return side;
}

std::string name_of(const Json& point) {
  std::string name;
  for (const auto& [key, value] : point.at("set").items())
    name += fmt::format("{}{}={}", name.empty() ? "" : " ", key.substr(key.rfind('.') + 1),
                        value.get<std::string>());
  return name;
}

std::map<std::string, Side> load_points(const fs::path& folder) {
  const fs::path file = folder / "results.jsonl";
  std::ifstream lines{file};
  if (!lines)
    throw InputError{{.at = {.file = file.string()},
                      .key = {},
                      .message = "cannot be read: finish the sweep, or --merge it"}};
  std::map<std::string, Side> points;
  std::uint32_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    try {
      const Json point = Json::parse(line);
      points[name_of(point)] = side_of(point);
    } catch (const Json::exception&) {
      throw InputError{{.at = {.file = file.string(), .line = number, .column = 1},
                        .key = {},
                        .message = "is no point of a sweep"}};
    }
  }
  return points;
}

std::string_view leading_part(const Pair& pair) {
  return to_string(*std::max_element(kAllParts.begin(), kAllParts.end(), [&](Part a, Part b) {
    const auto change = [&](Part part) {
      return std::abs(pair.after.parts[index_of(part)] - pair.before.parts[index_of(part)]);
    };
    return change(a) < change(b);
  }));
}

// The name whose value changed most between two maps.
template <class Value>
std::string largest_change(const std::map<std::string, Value>& before,
                           const std::map<std::string, Value>& after) {
  std::string name;
  Value most{};
  for (const auto& [key, value] : after) {
    const auto known = before.find(key);
    const Value change = std::abs(value - (known == before.end() ? Value{} : known->second));
    if (change <= most) continue;
    most = change;
    name = key;
  }
  return name;
}

std::string table_of(const std::vector<Pair>& pairs) {
  Table table{{{"point", Align::left},
               {"before"},
               {"now"},
               {"change"},
               {"part"},
               {"layer", Align::left},
               {"station", Align::left}}};
  for (std::size_t i = 0; i < std::min(pairs.size(), kMostRows); ++i) {
    const Pair& pair = pairs[i];
    const auto cycles = [](const Side& side) { return side.cycles == 0 ? "failed" : grouped(side.cycles); };
    const bool both = pair.before.cycles > 0 && pair.after.cycles > 0;
    table.add({clipped(pair.point, kPointWidth), cycles(pair.before), cycles(pair.after),
               both ? fmt::format("{:+.3g} %", 100.0 * pair.relative()) : "",
               both ? std::string{leading_part(pair)} : "",
               both ? largest_change(pair.before.layers, pair.after.layers) : "",
               both ? largest_change(pair.before.busy, pair.after.busy) : ""});
  }
  return table.text();
}

}  // namespace

std::string compare_sweeps(const fs::path& before, const fs::path& after) {
  const std::map<std::string, Side> old = load_points(before);
  std::map<std::string, Side> now = load_points(after);
  std::vector<Pair> changed;
  std::size_t both = 0;
  for (const auto& [point, side] : old) {
    const auto found = now.find(point);
    if (found == now.end()) continue;
    ++both;
    Pair pair{.point = point, .before = side, .after = found->second};
    if (pair.change() != 0 || pair.before.parts != pair.after.parts) changed.push_back(std::move(pair));
  }
  std::stable_sort(changed.begin(), changed.end(), [](const Pair& a, const Pair& b) {
    return std::abs(a.relative()) > std::abs(b.relative());
  });
  std::string text =
      fmt::format("{} points in both, {} differ; {} only in {}, {} only in {}\n", both, changed.size(),
                  old.size() - both, before.string(), now.size() - both, after.string());
  if (changed.empty()) return text;
  text += "\nCycles of a step, and the part, layer and station that changed most\n" + table_of(changed);
  if (changed.size() > kMostRows) text += fmt::format("  ... and {} more\n", changed.size() - kMostRows);
  return text;
}

}  // namespace wafersim
