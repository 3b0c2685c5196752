// Counts equal neighbours, and puts them in words.
#include "report/plan_words.hpp"

#include <fmt/format.h>

#include "wafersim/report/format.hpp"

namespace wafersim::report_detail {

std::vector<EqualBatches> equal_batches(const std::vector<std::uint64_t>& batches) {
  std::vector<EqualBatches> runs;
  for (const std::uint64_t sequences : batches) {
    if (runs.empty() || runs.back().sequences != sequences) runs.push_back({.sequences = sequences});
    ++runs.back().count;
  }
  return runs;
}

std::string describe_batches(const std::vector<std::uint64_t>& batches) {
  const std::vector<EqualBatches> runs = equal_batches(batches);
  if (batches.size() == 1) {
    return fmt::format("1 micro-batch of {} sequence{}", grouped(batches.front()),
                       batches.front() == 1 ? "" : "s");
  }
  std::string text = fmt::format("{} micro-batches: ", grouped(batches.size()));
  for (const EqualBatches& run : runs) {
    if (&run != runs.data()) text += " and ";
    text += fmt::format("{} x {}", grouped(run.count), grouped(run.sequences));
  }
  return text + " sequences";
}

std::string describe_mapping(const Mapping& mapping) {
  if (mapping.groups > 1) return fmt::format("{} column groups", mapping.groups);
  if (mapping.bands > 1) return fmt::format("{} row bands", mapping.bands);
  return "the whole grid";
}

std::string describe_pipeline(const PipelineOutcome& pipeline) {
  return fmt::format(
      "pipeline: {} layers on {} columns of PEs, {} sequences deep, {} cycles from sequence to sequence",
      grouped(pipeline.layers), grouped(pipeline.columns), grouped(pipeline.depth),
      grouped(pipeline.period.count()));
}

std::string describe_runner_up(const MappingChoice& other) {
  return fmt::format("runner-up: {}, {} cycles by closed forms, {} of a PE", describe_mapping(other.mapping),
                     grouped(other.cycles.count()), si(other.sram.count(), "B"));
}

}  // namespace wafersim::report_detail
