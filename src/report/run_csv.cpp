// One row per layer.
#include <fmt/format.h>

#include "wafersim/report/csv.hpp"
#include "wafersim/report/run_report.hpp"

namespace wafersim {

std::string write_csv(const RunReport& report) {
  std::string out =
      "name,kind,forward_cycles,backward_cycles,update_cycles,compute_cycles,fabric_cycles,fill_cycles,"
      "stream_wait_cycles,reduce_wait_cycles,update_wait_cycles,weights,nonzero_weights,bytes_in,bytes_out";
  for (const Part part : kAllParts) out += fmt::format(",part_{}_cycles", to_string(part));
  out += '\n';
  for (const LayerOutcome& layer : report.outcome.layers) {
    out += fmt::format("{},{}", csv_cell(layer.name), csv_cell(layer.kind));
    for (const Cycles cycles :
         {layer.forward_cycles, layer.backward_cycles, layer.update_cycles, layer.compute_cycles,
          layer.fabric_cycles, layer.fill_cycles, layer.stream_wait_cycles, layer.reduce_wait_cycles,
          layer.update_wait_cycles}) {
      out += fmt::format(",{}", cycles.count());
    }
    out += fmt::format(",{},{},{},{}", layer.weights, layer.nonzero_weights, layer.bytes_in.count(),
                       layer.bytes_out.count());
    for (const Cycles cycles : layer.parts) out += fmt::format(",{}", cycles.count());
    out += '\n';
  }
  return out;
}

}  // namespace wafersim
