// How well each point of a sweep scales, and which part of the machine keeps it from doing better.
#include "study/efficiency.hpp"

#include <fmt/format.h>

#include "wafersim/report/format.hpp"

namespace wafersim::study_detail {
namespace {

// Below this, a point is worth an explanation.
constexpr double kNearlyIdeal = 0.995;

std::string_view words_for(Part part) {
  switch (part) {
    case Part::compute:
      return "compute";
    case Part::fabric:
      return "on-wafer traffic";
    case Part::io:
      return "waits for node I/O";
    case Part::swarmx:
      return "waits for SwarmX";
    case Part::dram:
      return "waits for DRAM";
    case Part::flash:
      return "waits for flash";
    case Part::update:
      return "waits for updates";
    case Part::fill:
      return "fill";
  }
  return "";
}

// "bound by compute": the sentence up to its explanation.
std::string gist_of(const std::string& bottleneck) {
  constexpr std::size_t kLongestGist = 40;
  const std::size_t end = bottleneck.find(':');
  return end > kLongestGist ? std::string{} : "; " + bottleneck.substr(0, end);
}

double throughput(const PointFigures& figures, bool per_node) {
  return figures.tokens_per_second / (per_node ? static_cast<double>(figures.nodes) : 1.0);
}

// The part that takes most beyond what it would in an ideal step of this point, and how much of the step.
std::string reason_for(const PointFigures& first, const PointFigures& figures, double efficiency) {
  Part worst{};
  double most = 0.0;
  for (const Part part : kAllParts) {
    const double ideal = efficiency * share_of(first.parts[index_of(part)], first.step);
    const double extra = share_of(figures.parts[index_of(part)], figures.step) - ideal;
    if (extra > most) {
      most = extra;
      worst = part;
    }
  }
  if (most <= 0.0) return {};
  return fmt::format("{} +{} of the step{}", words_for(worst), percent(most), gist_of(figures.bottleneck));
}

}  // namespace

void rate(SweepRow& row, const PointFigures& first, bool per_node) {
  const double reference = throughput(first, per_node);
  if (reference <= 0.0) return;
  row.efficiency = throughput(*row.figures, per_node) / reference;
  if (*row.efficiency < kNearlyIdeal) row.reason = reason_for(first, *row.figures, *row.efficiency);
}

}  // namespace wafersim::study_detail
