// The step as Chrome trace events: one track per station, times in microseconds with all their picoseconds.
#include <algorithm>

#include <fmt/format.h>

#include "wafersim/report/run_report.hpp"

#include "report/json_text.hpp"

namespace wafersim {
namespace {

using report_detail::Json;

constexpr std::uint64_t kPicosecondsPerMicrosecond = 1'000'000;

// As a decimal, exactly: a double would lose picoseconds after a second.
Json microseconds(Picoseconds time) {
  return report_detail::verbatim(fmt::format("{}.{:06}", time.count() / kPicosecondsPerMicrosecond,
                                             time.count() % kPicosecondsPerMicrosecond));
}

}  // namespace

std::string write_trace(std::span<const TraceSpan> spans) {
  std::vector<std::string> tracks;
  Json events = Json::array();
  const auto number_of = [&](const std::string& track) {
    const auto known = std::find(tracks.begin(), tracks.end(), track);
    const auto number = static_cast<std::uint64_t>(known - tracks.begin()) + 1;
    if (known != tracks.end()) return number;
    tracks.push_back(track);
    events.push_back(
        {{"ph", "M"}, {"name", "thread_name"}, {"pid", 1}, {"tid", number}, {"args", {{"name", track}}}});
    return number;
  };
  for (const TraceSpan& span : spans) {
    const std::uint64_t track = number_of(span.track);
    events.push_back({{"ph", "X"},
                      {"name", span.name},
                      {"pid", 1},
                      {"tid", track},
                      {"ts", microseconds(span.begin)},
                      {"dur", microseconds(span.end - span.begin)}});
  }
  return report_detail::document({{"displayTimeUnit", "ns"}, {"traceEvents", std::move(events)}});
}

}  // namespace wafersim
