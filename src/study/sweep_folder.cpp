// Reads results.jsonl line by line, and inputs.json.
#include "study/sweep_folder.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wafersim/base/error.hpp"

#include "study/flatten.hpp"

namespace wafersim::study_detail {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string name_of(const Json& point) {
  std::string name;
  for (const auto& [key, value] : point.at("set").items())
    name += fmt::format("{}{}={}", name.empty() ? "" : " ", key.substr(key.rfind('.') + 1),
                        value.get<std::string>());
  return name;
}

SweepPoint point_of(const Json& line) {
  SweepPoint point;
  point.key = line.at("key");
  if (!line.contains("step")) return point;
  point.cycles = line.at("step").at("cycles");
  for (const Part part : kAllParts)
    point.parts[index_of(part)] = line.at("parts").at(std::string{to_string(part)}).get<std::int64_t>();
  for (const auto& [name, cycles] : line.at("layers").items())
    point.layers[name] = cycles.get<std::int64_t>();
  for (const auto& [name, station] : line.at("stations").items())
    point.busy[name] = station.at("busy_fraction");
  return point;
}

// Calls `visit` with the points until it has seen enough.
void for_each_point(const fs::path& folder, const std::function<bool(const Json&)>& visit) {
  const fs::path file = folder / "results.jsonl";
  std::ifstream lines{file};
  if (!lines)
    throw InputError{{.at = {.file = file.string()},
                      .key = {},
                      .message = "cannot be read: finish the sweep, or --merge it"}};
  std::uint32_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    try {
      if (!visit(Json::parse(line))) return;
    } catch (const Json::exception&) {
      throw InputError{{.at = {.file = file.string(), .line = number, .column = 1},
                        .key = {},
                        .message = "is no point of a sweep"}};
    }
  }
}

void set(std::vector<Override>& values, const std::string& key, const std::string& value) {
  const auto known =
      std::find_if(values.begin(), values.end(), [&](const Override& old) { return old.key == key; });
  if (known == values.end()) {
    values.push_back({.key = key, .value = value});
  } else {
    known->value = value;
  }
}

std::vector<Override> read_inputs(const fs::path& file, const std::set<std::string>& set_by_points) {
  const Tree tree = load_tree(file);
  const Tree* inputs = tree.find("inputs");
  const Tree* model = tree.find("model");
  const Tree* held = tree.find("held");
  if (inputs == nullptr || model == nullptr || held == nullptr || inputs->find("machine") == nullptr ||
      inputs->find("workload") == nullptr)
    throw InputError{{.at = {.file = file.string()}, .key = {}, .message = "is none of a sweep's inputs"}};
  std::vector<Override> values{{.key = "(model version)", .value = model->text}};
  const std::vector<Override> resolved = inputs_of(tree);
  values.insert(values.end(), resolved.begin(), resolved.end());
  for (const Tree::Entry& entry : held->entries) set(values, entry.key, entry.value.text);
  for (const std::string& key : set_by_points) set(values, key, "set by the points");
  return values;
}

Json named(const std::string& name, Json fields) {
  fields["name"] = name;
  return fields;
}

}  // namespace

SweepFolder load_sweep(const fs::path& folder) {
  SweepFolder sweep;
  sweep.folder = folder;
  std::set<std::string> set_by_points;
  for_each_point(folder, [&](const Json& line) {
    sweep.points[name_of(line)] = point_of(line);
    for (const auto& [key, value] : line.at("set").items()) set_by_points.insert(key);
    return true;
  });
  const fs::path file = folder / "inputs.json";
  sweep.has_inputs = fs::exists(file);
  if (sweep.has_inputs) sweep.inputs = read_inputs(file, set_by_points);
  return sweep;
}

Tree result_of(const fs::path& folder, const std::string& point) {
  Json result;
  for_each_point(folder, [&](const Json& line) {
    if (name_of(line) != point || !line.contains("step")) return true;
    result = {{"inputs", {{"machine", Json::object()}, {"workload", Json::object()}}},
              {"step", line.at("step")},
              {"layers", Json::array()},
              {"stations", Json::array()},
              {"attribution", Json::array()}};
    const Json layers = line.value("layer_parts", Json::object());
    for (const auto& [name, parts] : layers.items())
      result["layers"].push_back(named(name, {{"parts", parts}}));
    for (const auto& [name, station] : line.at("stations").items())
      result["stations"].push_back(named(name, station));
    for (const auto& [part, cycles] : line.at("parts").items())
      result["attribution"].push_back({{"part", part}, {"cycles", cycles}});
    return false;
  });
  if (result.is_null())
    throw InputError{{.at = {.file = folder.string()}, .key = {}, .message = "has no figures of " + point}};
  return parse_tree(result.dump(), (folder / "results.jsonl").string());
}

}  // namespace wafersim::study_detail
