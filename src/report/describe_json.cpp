// A description as one JSON document.
#include "wafersim/report/description.hpp"

#include "report/json_text.hpp"
#include "report/plan_json.hpp"

namespace wafersim {
namespace {

using report_detail::exact;
using report_detail::Json;

const char* name_of(DerivedFigure::Unit unit) {
  switch (unit) {
    case DerivedFigure::Unit::count:
      return "count";
    case DerivedFigure::Unit::flops:
      return "flops";
    case DerivedFigure::Unit::bytes:
      return "bytes";
    case DerivedFigure::Unit::bytes_per_second:
      return "bytes_per_second";
  }
  return "";
}

Json figures_json(const std::vector<DerivedFigure>& figures) {
  Json list = Json::array();
  for (const DerivedFigure& figure : figures) {
    list.push_back({{"name", figure.name},
                    {"unit", name_of(figure.unit)},
                    {"value", figure.value},
                    {"published", figure.published ? Json(*figure.published) : Json(nullptr)},
                    {"formula", figure.formula}});
  }
  return list;
}

Json flops_json(const Flops& flops) {
  return {{"forward", exact(flops.forward)},
          {"backward", exact(flops.backward)},
          {"recompute", exact(flops.recompute)},
          {"total", exact(flops.total())}};
}

// What one sequence does in each layer on its way forward.
Json layers_json(const WorkloadDescription& description) {
  Json list = Json::array();
  for (LayerId id = 0; id < description.workload.graph.layers.size(); ++id) {
    const Layer& layer = description.workload.graph.layers[id];
    const LayerFigures& figures = description.summary.each[id];
    list.push_back({{"name", layer.name},
                    {"kind", to_string(layer.kind)},
                    {"in_features", layer.in_features},
                    {"out_features", layer.out_features},
                    {"positions", figures.positions},
                    {"parameters", layer.owned_weights()},
                    {"macs", exact(figures.macs)},
                    {"flops", exact(figures.flops)},
                    {"activation_bytes", figures.activation_bytes},
                    {"bytes", exact(figures.bytes)},
                    {"flops_per_byte", figures.intensity()}});
  }
  return list;
}

Json sram_json(const SramBudget& budget) {
  Json items = Json::object();
  for (const SramItem& item : budget.items) items[item.name] = item.bytes.count();
  items["total"] = budget.used().count();
  return items;
}

Json model_json(const WorkloadDescription& description) {
  const WorkloadSummary& summary = description.summary;
  const Workload& workload = description.workload;
  Json kinds = Json::array();
  for (const KindSummary& kind : summary.kinds) {
    kinds.push_back(
        {{"kind", to_string(kind.kind)}, {"layers", kind.layers}, {"parameters", kind.parameters}});
  }
  Json largest = Json::array();
  for (const LayerId id : summary.largest) {
    const Layer& layer = workload.graph.layers[id];
    largest.push_back({{"name", layer.name},
                       {"in_features", layer.in_features},
                       {"out_features", layer.out_features},
                       {"weights", layer.matrix_weights},
                       {"kept_weights", kept_matrix_weights(layer, workload.plan.sparsity)}});
  }
  Json activations = Json::array();
  for (const TensorId id : summary.largest_activations) {
    const Tensor& tensor = workload.graph.tensors[id];
    const std::uint64_t positions = tensor.extent.positions(workload.plan.sequence_length);
    activations.push_back(
        {{"name", tensor.name},
         {"features", tensor.features},
         {"positions", positions},
         {"bytes", exact(Wide{tensor.features} * positions * activation_bytes(workload.plan))}});
  }
  return {{"parameters", summary.parameters},
          {"matrix_weights", summary.matrix_weights},
          {"kept_weights", summary.kept_weights},
          {"layers", summary.layers},
          {"blocks", summary.blocks},
          {"sequence_length", workload.plan.sequence_length},
          {"flops_done_per_sequence", flops_json(summary.per_sequence.done)},
          {"flops_skipped_per_sequence", flops_json(summary.per_sequence.skipped)},
          {"forward_macs_per_sequence", exact(summary.forward_macs_per_sequence)},
          {"kept_features_per_token", summary.activations.kept_features},
          {"recomputed_features_per_token", summary.activations.recomputed_features},
          {"kinds", std::move(kinds)},
          {"each", layers_json(description)},
          {"largest", std::move(largest)},
          {"largest_activations", std::move(activations)},
          {"sram_bytes_per_sequence", sram_json(description.sequence)},
          {"memoryx_bytes",
           {{"weights", description.stored.weights.count()},
            {"gradients", description.stored.gradients.count()},
            {"optimizer", description.stored.optimizer.count()},
            {"total", sum_of(description.stored).count()}}}};
}

}  // namespace

std::string write_json(const Description& description) {
  Json inputs = Json::object();
  Json out = {{"schema", "wafersim.describe/1"}, {"inputs", nullptr}};
  if (description.machine) {
    inputs["machine"] = report_detail::embedded(description.machine->resolved, 2);
    out["derived"] = figures_json(description.machine->figures);
  }
  if (description.workload) {
    inputs["workload"] = report_detail::embedded(description.workload->resolved, 2);
    out["model"] = model_json(*description.workload);
  }
  if (description.fit) {
    out["plan"] = {{"nodes", description.fit->nodes},
                   {"sequences_per_node", description.fit->plan.sequences()}};
    report_detail::add_wafer_plan(out["plan"], description.fit->plan);
  }
  out["inputs"] = std::move(inputs);
  return report_detail::document(out);
}

}  // namespace wafersim
