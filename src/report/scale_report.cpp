// Weak, strong, and the knee.
#include "wafersim/report/scale_report.hpp"

#include <fmt/format.h>

#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"

#include "report/json_text.hpp"

namespace wafersim {

namespace {

using report_detail::Json;

std::string table_of(const std::vector<ScalePoint>& points) {
  Table table{{{"nodes"}, {"sequences each"}, {"step cycles"}, {"efficiency"}, {"limit", Align::left}}};
  for (const ScalePoint& point : points) {
    table.add({grouped(point.nodes), grouped(point.sequences_per_node), grouped(point.step.count()),
               percent(point.efficiency), point.limit});
  }
  return table.text();
}

// The points around the knee: those next to a change of the limit.
std::string knee_table(const Knee& knee) {
  Table table{{{"tokens at a time"},
               {"step cycles"},
               {"with a free wafer"},
               {"with a free stream"},
               {"limit", Align::left}}};
  for (std::size_t i = 0; i < knee.points.size(); ++i) {
    const ScalePoint& point = knee.points[i];
    const bool before = i + 1 < knee.points.size() && knee.points[i + 1].streaming != point.streaming;
    const bool after = i > 0 && knee.points[i - 1].streaming != point.streaming;
    if (i > 0 && i + 1 < knee.points.size() && !before && !after) continue;
    table.add({grouped(point.tokens_at_a_time), grouped(point.step.count()),
               grouped(point.step_if_wafer_infinite.count()), grouped(point.step_if_stream_infinite.count()),
               point.limit});
  }
  return table.text();
}

Json json_of(const std::vector<ScalePoint>& points) {
  Json list = Json::array();
  for (const ScalePoint& point : points) {
    list.push_back({{"nodes", point.nodes},
                    {"sequences_per_node", point.sequences_per_node},
                    {"tokens_per_node", point.tokens_per_node},
                    {"tokens_at_a_time", point.tokens_at_a_time},
                    {"cycles", point.step.count()},
                    {"samples_per_second", point.samples_per_second},
                    {"efficiency", point.efficiency},
                    {"limit", point.limit},
                    {"streaming", point.streaming},
                    {"step_cycles_if_wafer_infinite", point.step_if_wafer_infinite.count()},
                    {"step_cycles_if_stream_infinite", point.step_if_stream_infinite.count()}});
  }
  return list;
}

}  // namespace

std::string write_text(const ScaleReport& report) {
  return fmt::format(
      "Weak scaling: the same tokens on each node\n{}\nStrong scaling: {} sequences shared by all nodes\n{}"
      "\nThe knee: on {} nodes, by tokens that each streamed weight meets on a wafer\n{}\n{}\n",
      table_of(report.weak), grouped(report.strong.front().nodes * report.strong.front().sequences_per_node),
      table_of(report.strong), grouped(report.knee.points.front().nodes), knee_table(report.knee),
      wrapped(report.conclusion + ".", 100, 0));
}

std::string write_json(const ScaleReport& report) {
  return report_detail::document(
      {{"schema", "wafersim.scale/1"},
       {"weak", json_of(report.weak)},
       {"strong", json_of(report.strong)},
       {"knee",
        {{"tokens", report.knee.tokens ? Json(*report.knee.tokens) : Json(nullptr)},
         {"fitting_tokens", report.knee.fitting_tokens},
         {"points", json_of(report.knee.points)}}},
       {"conclusion", report.conclusion}});
}

}  // namespace wafersim
