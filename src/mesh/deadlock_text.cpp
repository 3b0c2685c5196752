// The explanation of a deadlock as lines.
#include <fmt/format.h>

#include "wafersim/mesh/deadlock.hpp"

namespace wafersim {

std::string to_string(const DeadlockExplanation& explanation) {
  constexpr std::size_t kMostLines = 12;
  std::string text;
  const std::size_t links = explanation.chain.size();
  for (std::size_t i = 0; i < links; ++i) {
    // Of a long chain: its beginning and, what matters more, its end.
    if (links > kMostLines && i == kMostLines / 2) {
      text += fmt::format("  ... {} more\n", links - kMostLines);
      i = links - kMostLines / 2;
    }
    text += fmt::format("  {}. PE {}: {}\n", i + 1, to_string(explanation.chain[i].at),
                        explanation.chain[i].what);
  }
  if (explanation.closes)
    text += fmt::format("  which waits for number {} again\n", explanation.circle_begin + 1);
  text += "all that wait:\n";
  for (std::size_t i = 0; i < explanation.groups.size() && i < kMostLines; ++i) {
    const auto& group = explanation.groups[i];
    text += fmt::format("  {} PEs, first {}: {}\n", group.pes, to_string(group.first), group.what);
  }
  return text;
}

}  // namespace wafersim
