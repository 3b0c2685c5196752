// Tables about the layers of a workload.
#include "report/describe_layers.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"

#include "report/layer_groups.hpp"

namespace wafersim::report_detail {
namespace {

constexpr std::size_t kMostRows = 60;

// "256 x 56x56": features of each position, and the positions.
std::string shape_of(std::uint64_t features, const Extent& extent) {
  if (extent.per_token()) return fmt::format("{} x tokens", grouped(features));
  if (extent.height == 1) return fmt::format("{} x {}", grouped(features), grouped(extent.width));
  return fmt::format("{} x {}x{}", grouped(features), extent.width, extent.height);
}

// Layers whose names differ in numbers only and whose figures do not. Those that have neither weights nor
// products, such as activations and sums, are left out unless data enters there.
struct Row {
  std::string name;
  std::uint64_t count{};
  LayerId first{};
};

std::vector<Row> rows_of(const WorkloadDescription& description) {
  std::vector<Row> rows;
  std::map<std::tuple<std::string, OpKind, std::string, std::uint64_t, Wide, Wide>, std::size_t> known;
  for (LayerId id = 0; id < description.workload.graph.layers.size(); ++id) {
    const Layer& layer = description.workload.graph.layers[id];
    const LayerFigures& figures = description.summary.each[id];
    if (layer.owned_weights() == 0 && figures.macs == 0 && layer.kind != OpKind::input) continue;
    const auto [entry, fresh] =
        known.try_emplace({pattern_of(layer.name), layer.kind, shape_of(layer.out_features, layer.extent),
                           layer.owned_weights(), figures.macs, figures.bytes},
                          rows.size());
    if (fresh) rows.push_back({.name = layer.name, .count = 0, .first = id});
    Row& row = rows[entry->second];
    if (++row.count == 2) row.name = std::get<0>(entry->first);
  }
  return rows;
}

}  // namespace

std::string layers_text(const WorkloadDescription& description) {
  Table table{{{"layer", Align::left},
               {"", Align::left},
               {"kind", Align::left},
               {"output"},
               {"parameters"},
               {"MACs"},
               {"activations"},
               {"FLOP/B"}}};
  const std::vector<Row> rows = rows_of(description);
  for (std::size_t i = 0; i < std::min(rows.size(), kMostRows); ++i) {
    const Layer& layer = description.workload.graph.layers[rows[i].first];
    const LayerFigures& figures = description.summary.each[rows[i].first];
    table.add({clipped(rows[i].name, 26), rows[i].count == 1 ? "" : fmt::format("x{}", rows[i].count),
               std::string{to_string(layer.kind)}, shape_of(layer.out_features, layer.extent),
               si(layer.owned_weights(), ""), si(figures.macs, ""), si(figures.activation_bytes, "B"),
               figures.macs == 0 ? "" : si(figures.intensity(), "")});
  }
  std::string out =
      "\nLayers with weights or products: each, forward over one sequence (--format json has all)\n" +
      table.text();
  if (rows.size() > kMostRows) out += fmt::format("  and {} more rows\n", rows.size() - kMostRows);
  return out;
}

std::string largest_text(const WorkloadDescription& description) {
  Table matrices{{{"largest matrices", Align::left}, {"rows"}, {"columns"}, {"weights"}, {"kept"}}};
  const Workload& workload = description.workload;
  for (const LayerId id : description.summary.largest) {
    const Layer& layer = workload.graph.layers[id];
    matrices.add({clipped(layer.name, 36), grouped(layer.out_features), grouped(layer.in_features),
                  grouped(layer.matrix_weights),
                  grouped(kept_matrix_weights(layer, workload.plan.sparsity))});
  }
  Table activations{{{"largest activations", Align::left}, {"shape"}, {"bytes of a sequence"}}};
  for (const TensorId id : description.summary.largest_activations) {
    const Tensor& tensor = workload.graph.tensors[id];
    const Wide numbers = Wide{tensor.features} * tensor.extent.positions(workload.plan.sequence_length);
    activations.add({clipped(tensor.name, 36), shape_of(tensor.features, tensor.extent),
                     grouped(numbers * activation_bytes(workload.plan))});
  }
  return (matrices.empty() ? std::string{} : "\n" + matrices.text()) + "\n" + activations.text();
}

std::string needs_text(const WorkloadDescription& description) {
  Table sram{{{"SRAM of the wafer, each sequence at work", Align::left}, {"bytes"}}};
  for (const SramItem& item : description.sequence.items) sram.add({item.name, grouped(item.bytes.count())});
  sram.add({"all", grouped(description.sequence.used().count())});
  Table store{{{"MemoryX", Align::left}, {"bytes"}}};
  store.add({"weights, as they are streamed", grouped(description.stored.weights.count())});
  if (description.stored.gradients > Bytes{})
    store.add({"gradients", grouped(description.stored.gradients.count())});
  store.add({"optimizer's state", grouped(description.stored.optimizer.count())});
  store.add({"all", grouped(sum_of(description.stored).count())});
  return "\n" + sram.text() + "\n" + store.text();
}

}  // namespace wafersim::report_detail
