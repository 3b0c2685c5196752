// Sensitivities as a table, as CSV and as JSON.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wafersim/report/csv.hpp"
#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"
#include "wafersim/study/sensitivity.hpp"

namespace wafersim {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kTerminal = 100;

std::string signed_percent(double share) {
  return fmt::format("{:+.3g} %", 100.0 * share);
}

std::string listed(const std::string& title, const std::vector<std::string>& keys) {
  if (keys.empty()) return {};
  std::string all;
  for (const std::string& key : keys) all += (all.empty() ? "" : ", ") + key;
  return "\n" + wrapped(title + ": " + all + ".", kTerminal, 2) + "\n";
}

}  // namespace

std::string write_text(const Sensitivity& found) {
  std::string text =
      fmt::format("{} on {}: a step of {} cycles\n", found.workload, found.machine, grouped(found.cycles));
  text += wrapped("Bottleneck: " + found.bottleneck + ".", kTerminal, 2) + "\n\n";
  Table table{{{"parameter", Align::left},
               {"value"},
               {"better"},
               {"change"},
               {"saves"},
               {"else costs"},
               {"per 1 %"}}};
  for (const ParameterEffect& effect : found.effects) {
    const bool gains = effect.gain > 0.0;
    table.add({effect.key, effect.value, gains ? effect.better : "",
               gains ? signed_percent(effect.relative_change) : "",
               gains ? fmt::format("{:.3g} %", 100.0 * effect.gain) : "none",
               effect.loss > 0.0 ? fmt::format("{:.3g} %", 100.0 * effect.loss) : "none",
               fmt::format("{:.3g} %", effect.elasticity)});
  }
  text += table.text();
  if (!found.effects.empty() && found.effects.front().gain > 0.0)
    text += fmt::format("\nImprove first: {}.\n", found.effects.front().key);
  for (const ParameterEffect& effect : found.effects) {
    if (effect.enough.empty()) continue;
    text +=
        wrapped(fmt::format(
                    "{}: {} is enough, beyond it less than 1 % of the step is left to save; there it is {}.",
                    effect.key, effect.enough, effect.limit_there),
                kTerminal, 2) +
        "\n";
  }
  return text + listed("No effect", found.without_effect) + listed("Cannot change alone", found.untried);
}

std::string write_csv(const Sensitivity& found) {
  std::string text = "key,value,better,relative_change,gain,loss,elasticity,enough,limit_there\n";
  for (const ParameterEffect& effect : found.effects) {
    text += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_cell(effect.key), csv_cell(effect.value),
                        csv_cell(effect.better), effect.relative_change, effect.gain, effect.loss,
                        effect.elasticity, csv_cell(effect.enough), csv_cell(effect.limit_there));
  }
  return text;
}

std::string write_json(const Sensitivity& found) {
  Json document = {{"schema", "wafersim.sensitivity/1"},
                   {"machine", found.machine},
                   {"workload", found.workload},
                   {"step_cycles", found.cycles},
                   {"effects", Json::array()},
                   {"without_effect", found.without_effect},
                   {"untried", found.untried}};
  for (const ParameterEffect& effect : found.effects) {
    document["effects"].push_back({{"key", effect.key},
                                   {"value", effect.value},
                                   {"better", effect.better},
                                   {"relative_change", effect.relative_change},
                                   {"gain", effect.gain},
                                   {"loss", effect.loss},
                                   {"elasticity", effect.elasticity},
                                   {"enough", effect.enough},
                                   {"limit_there", effect.limit_there}});
  }
  return document.dump(2) + "\n";
}

}  // namespace wafersim
