// Zeros of activations in the text report: relus with the same fate together.
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "wafersim/report/format.hpp"

#include "report/run_text_sections.hpp"

namespace wafersim::report_detail {
namespace {

constexpr std::size_t kTerminal = 100;

struct Fate {
  const ZerosOutcome* first{};
  std::size_t relus{};
  Cycles gradient;
  Cycles saved;

  [[nodiscard]] bool holds(const ZerosOutcome& other) const {
    return std::tie(first->share, first->why_not) == std::tie(other.share, other.why_not);
  }
};

std::string sentence(const Fate& fate) {
  const std::string whose =
      fate.relus == 1 ? fate.first->relu : fmt::format("{} relus, first {}", fate.relus, fate.first->relu);
  const std::string begin = fmt::format("{} of zeros behind {}: ", spell(fate.first->share), whose);
  if (!fate.first->why_not.empty()) return fmt::format("{}none filtered, as {}.", begin, fate.first->why_not);
  return fmt::format(
      "{}the same deltas of {}{} are filtered; gradients there take {} cycles, {} fewer than "
      "without a filter.",
      begin, fate.first->layer, fate.relus == 1 ? "" : " and so on", grouped(fate.gradient.count()),
      grouped(fate.saved.count()));
}

}  // namespace

std::string zeros_section(const Outcome& outcome) {
  std::vector<Fate> fates;
  for (const ZerosOutcome& row : outcome.zeros) {
    if (fates.empty() || !fates.back().holds(row))
      fates.push_back({.first = &row, .gradient = {}, .saved = {}});
    Fate& fate = fates.back();
    ++fate.relus;
    fate.gradient += row.gradient_cycles;
    fate.saved += row.saved_cycles;
  }
  std::string text;
  for (const Fate& fate : fates) text += "  " + wrapped(sentence(fate), kTerminal - 2, 4) + "\n";
  return text.empty() ? text : "Zeros of activations\n" + text;
}

}  // namespace wafersim::report_detail
