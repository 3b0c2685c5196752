// Layers that repeat are added up by name: a line stays short, and their cycles still sum to the step.
#include "study/point_row.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "wafersim/base/error.hpp"

namespace wafersim::study_detail {
namespace {

using Json = nlohmann::ordered_json;

Json step_json(const StepOutcome& step) {
  return {{"cycles", step.cycles.count()},
          {"time_ps", step.time.count()},
          {"first_step_cycles", step.first_step_cycles.count()},
          {"samples_per_second", step.samples_per_second},
          {"tokens_per_second", step.tokens_per_second},
          {"utilization", step.utilization},
          {"energy_joules", step.energy_joules},
          {"steady", step.steady},
          {"bottleneck", step.bottleneck}};
}

Json layers_json(const std::vector<LayerOutcome>& layers) {
  Json families = Json::object();
  for (const LayerOutcome& layer : layers) {
    const std::string family = layer_family(layer.name);
    const std::uint64_t cycles = (layer.forward_cycles + layer.backward_cycles).count();
    const auto known = families.find(family);
    families[family] = known == families.end() ? cycles : known->get<std::uint64_t>() + cycles;
  }
  return families;
}

// What each family's cycles were spent on, zeros left out.
Json layer_parts_json(const std::vector<LayerOutcome>& layers) {
  Json families = Json::object();
  for (const LayerOutcome& layer : layers) {
    Json& family = families[layer_family(layer.name)];
    if (family.is_null()) family = Json::object();
    for (const Part part : kAllParts) {
      const std::uint64_t cycles = layer.parts[index_of(part)].count();
      if (cycles == 0) continue;
      const std::string name{to_string(part)};
      family[name] = family.value(name, std::uint64_t{0}) + cycles;
    }
  }
  return families;
}

Json station_json(const StationOutcome& station) {
  Json json = {{"achieved_bytes_per_second", station.achieved_bytes_per_second},
               {"peak_bytes_per_second", station.peak_bytes_per_second},
               {"busy_fraction", station.busy_fraction}};
  if (station.peak_flops_per_second > 0.0) json["peak_flops_per_second"] = station.peak_flops_per_second;
  return json;
}

}  // namespace

std::string layer_family(const std::string& name) {
  std::string family;
  std::size_t begin = 0;
  while (begin <= name.size()) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    const bool number = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    family += (begin == 0 ? "" : ".") + (number ? "*" : part);
    begin = end + 1;
  }
  return family;
}

std::string document_of(const Outcome& outcome) {
  Json document = {{"nodes", outcome.nodes},
                   {"tokens_per_node", outcome.tokens_per_node},
                   {"step", step_json(outcome.step)},
                   {"parts", Json::object()},
                   {"stations", Json::object()},
                   {"memory", Json::object()},
                   {"layers", layers_json(outcome.layers)},
                   {"layer_parts", layer_parts_json(outcome.layers)}};
  for (const PartOutcome& part : outcome.attribution)
    document["parts"][std::string{to_string(part.part)}] = part.cycles.count();
  for (const StationOutcome& station : outcome.stations)
    document["stations"][station.name] = station_json(station);
  for (const MemoryOutcome& memory : outcome.memory)
    document["memory"][memory.name] = {{"used_bytes", memory.used.count()},
                                       {"capacity_bytes", memory.capacity.count()}};
  if (outcome.sparsity)
    document["sparsity"] = {{"speedup", outcome.sparsity->speedup},
                            {"ideal_speedup", outcome.sparsity->ideal_speedup}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

PointFigures figures_of(const std::string& document) {
  try {
    const Json json = Json::parse(document);
    const Json& step = json.at("step");
    PointFigures figures{.nodes = json.at("nodes"),
                         .step = Cycles{step.at("cycles").get<std::uint64_t>()},
                         .time = Picoseconds{step.at("time_ps").get<std::uint64_t>()},
                         .samples_per_second = step.at("samples_per_second"),
                         .tokens_per_second = step.at("tokens_per_second"),
                         .utilization = step.at("utilization"),
                         .parts = {},
                         .bottleneck = step.at("bottleneck")};
    for (const Part part : kAllParts)
      figures.parts[index_of(part)] =
          Cycles{json.at("parts").at(std::string{to_string(part)}).get<std::uint64_t>()};
    return figures;
  } catch (const Json::exception& error) {
    throw InternalFault{std::string{"a point's figures cannot be read: "} + error.what()};
  }
}

}  // namespace wafersim::study_detail
