// The mapper's choice, and what it chose from.
#include "report/plan_json.hpp"

#include "report/plan_words.hpp"

namespace wafersim::report_detail {

void add_wafer_plan(Json& object, const WaferPlan& plan) {
  Json batches = Json::array();
  for (const auto& [sequences, count] : equal_batches(plan.micro_batches))
    batches.push_back({{"sequences", sequences}, {"count", count}});
  Json sram = Json::array();
  for (const SramItem& item : plan.sram.items)
    sram.push_back({{"name", item.name}, {"bytes_per_pe", item.bytes.count()}});
  Json others = Json::array();
  for (const MappingChoice& other : plan.runners_up) {
    others.push_back({{"groups", other.mapping.groups},
                      {"bands", other.mapping.bands},
                      {"cycles", other.cycles.count()},
                      {"sram_bytes_per_pe", other.sram.count()}});
  }
  object["micro_batches"] = std::move(batches);
  object["mapping"] = {{"groups", plan.mapping.groups}, {"bands", plan.mapping.bands}};
  object["gradient_sums"] = plan.gradient_sums == GradientSums::on_wafer ? "wafer" : "none";
  object["sram"] = std::move(sram);
  object["sram_capacity_bytes_per_pe"] = plan.sram.capacity.count();
  object["runners_up"] = std::move(others);
}

Json pipeline_json(const PipelineOutcome& pipeline) {
  return {{"layers", pipeline.layers},
          {"columns", pipeline.columns},
          {"depth", pipeline.depth},
          {"period_cycles", pipeline.period.count()},
          {"slowest_layer", pipeline.slowest_layer},
          {"balance", pipeline.balance},
          {"filling", pipeline.filling}};
}

}  // namespace wafersim::report_detail
