// A run as one JSON document.
#include "wafersim/report/run_report.hpp"

#include "report/json_text.hpp"
#include "report/plan_json.hpp"

namespace wafersim {
namespace {

using report_detail::exact;
using report_detail::Json;

Json step_json(const Outcome& outcome) {
  const StepOutcome& step = outcome.step;
  return {{"cycles", step.cycles.count()},
          {"time_ps", step.time.count()},
          {"first_step_cycles", step.first_step_cycles.count()},
          {"samples_per_second", step.samples_per_second},
          {"tokens_per_second", step.tokens_per_second},
          {"flops_done", exact(step.flops_done)},
          {"flops_skipped", exact(step.flops_skipped)},
          {"utilization", step.utilization},
          {"bottleneck", step.bottleneck},
          {"energy_joules", step.energy_joules},
          {"steady", step.steady},
          {"cycles_if_stream_infinite", outcome.step_cycles_if_stream_infinite.count()}};
}

Json layer_json(const LayerOutcome& layer) {
  Json parts;
  for (const Part part : kAllParts) parts[std::string{to_string(part)}] = layer.parts[index_of(part)].count();
  return {{"name", layer.name},
          {"kind", layer.kind},
          {"forward_cycles", layer.forward_cycles.count()},
          {"backward_cycles", layer.backward_cycles.count()},
          {"update_cycles", layer.update_cycles.count()},
          {"compute_cycles", layer.compute_cycles.count()},
          {"stream_wait_cycles", layer.stream_wait_cycles.count()},
          {"reduce_wait_cycles", layer.reduce_wait_cycles.count()},
          {"update_wait_cycles", layer.update_wait_cycles.count()},
          {"weights", layer.weights},
          {"nonzero_weights", layer.nonzero_weights},
          {"bytes_in", layer.bytes_in.count()},
          {"bytes_out", layer.bytes_out.count()},
          {"fabric_cycles", layer.fabric_cycles.count()},
          {"fill_cycles", layer.fill_cycles.count()},
          {"flops_done", exact(layer.flops)},
          {"utilization", layer.utilization},
          {"parts", std::move(parts)}};
}

Json station_json(const StationOutcome& station) {
  return {{"name", station.name},
          {"bytes", exact(station.bytes)},
          {"achieved_bytes_per_second", station.achieved_bytes_per_second},
          {"peak_bytes_per_second", station.peak_bytes_per_second},
          {"busy_fraction", station.busy_fraction},
          {"flops", exact(station.flops)},
          {"peak_flops_per_second", station.peak_flops_per_second}};
}

Json part_json(const PartOutcome& part) {
  return {{"part", to_string(part.part)},
          {"cycles", part.cycles.count()},
          {"step_cycles_if_infinite", part.step_cycles_if_infinite.count()}};
}

Json uneven_json(const UnevenOutcome& uneven) {
  return {{"what", uneven.what}, {"step_cycles_if_even", uneven.step_cycles_if_even.count()}};
}

Json memory_json(const MemoryOutcome& memory) {
  return {{"name", memory.name},
          {"used_bytes", memory.used.count()},
          {"capacity_bytes", memory.capacity.count()},
          {"largest", memory.largest}};
}

Json bytes_json(const StoreWorkBytes& bytes) {
  return {{"dram_bytes", bytes.dram.count()},
          {"flash_read_bytes", bytes.flash_reads.count()},
          {"flash_written_bytes", bytes.flash_writes.count()}};
}

Json wear_json(const WearOutcome& wear) {
  return {{"written_bytes_per_step", wear.written.count()},
          {"programmed_bytes_per_step", wear.programmed.count()},
          {"raw_bytes", wear.raw.count()},
          {"endurance_cycles", wear.endurance},
          {"cycles_per_step", wear.cycles_per_step},
          {"cycles_per_day", wear.cycles_per_day},
          {"years_to_end_of_life", wear.years},
          {"bearable_steps", wear.bearable_steps},
          {"bearable_tokens", exact(wear.bearable_tokens)},
          {"run_tokens", wear.run_tokens},
          {"run_steps", wear.run_steps},
          {"run_is_assumed", wear.run_is_assumed},
          {"wears_out", wear.wears_out}};
}

Json store_json(const StoreOutcome& store) {
  Json patterns = Json::array();
  for (const DramPatternOutcome& pattern : store.dram) {
    patterns.push_back({{"name", pattern.name},
                        {"channel_bytes", pattern.bytes},
                        {"channel_clocks", pattern.clocks},
                        {"efficiency", pattern.efficiency},
                        {"bytes_per_second", pattern.bytes_per_second}});
  }
  return {{"streaming", bytes_json(store.streaming)},
          {"updating", bytes_json(store.updating)},
          {"accumulating", bytes_json(store.accumulating)},
          {"dram_patterns", std::move(patterns)},
          {"wear", wear_json(store.wear)}};
}

// A dense run is its own dense twin, and loses nothing.
SparsityOutcome sparsity_of(const Outcome& outcome) {
  if (outcome.sparsity) return *outcome.sparsity;
  SparsityOutcome dense;
  dense.dense_step_cycles = outcome.step.cycles;
  dense.ideal_step_cycles = outcome.step.cycles;
  return dense;
}

Json sparsity_json(const SparsityOutcome& sparsity) {
  Json lost;
  for (const Part part : kAllParts) lost[std::string{to_string(part)}] = sparsity.lost_cycles[index_of(part)];
  return {{"weights_skipped", sparsity.weights_skipped},
          {"flops_skipped", exact(sparsity.flops_skipped)},
          {"bytes_skipped", sparsity.bytes_skipped.count()},
          {"dense_step_cycles", sparsity.dense_step_cycles.count()},
          {"speedup", sparsity.speedup},
          {"ideal_speedup", sparsity.ideal_speedup},
          {"bytes_added", sparsity.bytes_added.count()},
          {"ideal_step_cycles", sparsity.ideal_step_cycles.count()},
          {"lost_cycles", std::move(lost)},
          {"dense_refused", sparsity.dense_refused}};
}

Json plan_json(const Outcome& outcome) {
  Json plan = {{"nodes", outcome.nodes},
               {"sequences_per_node", outcome.sequences_per_node},
               {"tokens_per_node", outcome.tokens_per_node},
               {"parameters", outcome.parameters},
               {"bytes_per_parameter", outcome.bytes_per_parameter}};
  report_detail::add_wafer_plan(plan, outcome.plan);
  return plan;
}

Json product_json(const TimedProduct& product) {
  return {{"pass", to_string(product.pass)},    {"in_features", product.in},
          {"out_features", product.out},        {"tokens_per_pe", product.tokens},
          {"columns", product.columns},         {"sparse", product.sparse},
          {"outputs_run", product.outputs_run}, {"mesh_cycles", product.mesh},
          {"flow_cycles", product.flow},        {"flow_error_percent", product.error_percent()},
          {"why_not", product.why_not}};
}

Json zeros_json(const ZerosOutcome& zeros) {
  return {{"relu", zeros.relu},
          {"share", static_cast<double>(zeros.share.billionths) / Fraction::kOne},
          {"layer", zeros.layer},
          {"gradient_cycles", zeros.gradient_cycles.count()},
          {"saved_cycles", zeros.saved_cycles.count()},
          {"why_not", zeros.why_not}};
}

template <class Row, class Write>
Json list_of(const std::vector<Row>& rows, const Write& write) {
  Json list = Json::array();
  for (const Row& row : rows) list.push_back(write(row));
  return list;
}

}  // namespace

std::string write_json(const RunReport& report) {
  const Outcome& outcome = report.outcome;
  Json document = {{"schema", "wafersim.run/1"},
                   {"version", report.version},
                   {"inputs",
                    {{"machine", report_detail::embedded(report.machine, 2)},
                     {"workload", report_detail::embedded(report.workload, 2)},
                     {"seed", report.seed}}},
                   {"step", step_json(outcome)},
                   {"layers", list_of(outcome.layers, layer_json)},
                   {"stations", list_of(outcome.stations, station_json)},
                   {"attribution", list_of(outcome.attribution, part_json)},
                   {"memory", list_of(outcome.memory, memory_json)},
                   {"sparsity", sparsity_json(sparsity_of(outcome))},
                   {"plan", plan_json(outcome)},
                   {"uneven", list_of(outcome.uneven, uneven_json)},
                   {"store", store_json(outcome.store)}};
  if (!outcome.zeros.empty()) document["zeros"] = list_of(outcome.zeros, zeros_json);
  if (outcome.fidelity) {
    document["fidelity"] = {{"name", to_string(outcome.fidelity->fidelity)},
                            {"flow_step_cycles", outcome.fidelity->flow_step_cycles.count()},
                            {"products", list_of(outcome.fidelity->products, product_json)}};
  }
  if (outcome.pipeline) document["pipeline"] = report_detail::pipeline_json(*outcome.pipeline);
  return report_detail::document(document);
}

}  // namespace wafersim
