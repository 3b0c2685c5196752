// The closed form of a weight-streaming product on the mesh.
#include "wafersim/kernel/mesh/ws_gemm.hpp"
#include "wafersim/kernel/ws_flow.hpp"
#include "wafersim/mesh/timing.hpp"

#include "ws_gradient_tile.hpp"

namespace wafersim {
namespace {

// A wafer with the numbers of the mesh, so that both ends of the ladder stand on the same ground.
WaferSpec wafer_of(const WsRequest& request) {
  const MeshParameters& mesh = request.parameters;
  WaferSpec wafer{};
  wafer.grid = request.grid;
  wafer.pe.fmacs_fp16 = mesh.f16_lanes;
  wafer.pe.fmacs_mixed = mesh.mixed_lanes;
  wafer.pe.fmacs_fp32 = 1;
  wafer.pe.wavelet_overhead = mesh.repeat_dispatch + mesh.loaded_startup;
  wafer.pe.task_dispatch = mesh.task_dispatch;
  wafer.pe.instruction_startup = mesh.instruction_startup;
  wafer.pe.accumulators = request.accumulators;
  wafer.fabric = {.ramp_latency = mesh.ramp_cycles, .hop_latency = 1, .wavelet = Bytes{4}};
  return wafer;
}

FlowContext context_of(const WsRequest& request, const WaferSpec& wafer) {
  return {.wafer = wafer,
          .arithmetic = request.arithmetic,
          .layout = {request.grid, {.groups = request.groups, .bands = 1}, request.tokens}};
}

MatrixShape shape_of(const WsRequest& request) {
  const bool single = request.mask != nullptr || request.arithmetic == Arithmetic::fp32;
  return {.in = request.in,
          .out = request.out,
          .kept = 0,
          .mask = request.mask.get(),
          .weights_per_wavelet = single ? 1U : 2U};
}

// Deltas that pass the filter, by row of any group and turn of an output feature.
std::vector<std::vector<std::uint32_t>> filtered_deltas(const WsRequest& request) {
  const GradientTile tile{request};
  std::vector<std::vector<std::uint32_t>> sent;
  for (std::uint32_t first = 0; first < request.groups * request.grid.rows * tile.deal.tokens;
       first += tile.deal.tokens) {
    std::vector<std::uint32_t>& row = sent.emplace_back();
    for (std::uint32_t turn = 0; turn < request.out; ++turn) {
      std::uint32_t count = 1;  // the last one
      for (std::uint32_t token = first; token + 1 < first + tile.deal.tokens; ++token) {
        const bool zero =
            token >= request.tokens ||
            has_zero_value(operand_bits(request.arithmetic, ws_delta(request, token, tile.output_at(turn))));
        count += zero ? 0 : 1;
      }
      row.push_back(count);
    }
  }
  return sent;
}

}  // namespace

std::uint64_t ws_closed_form(const WsRequest& request) {
  const WaferSpec wafer = wafer_of(request);
  const FlowContext context = context_of(request, wafer);
  const MatrixShape shape = shape_of(request);
  // The first weights of the last group cross to its first column, turn, and go down as many rows as columns
  // lie before it; where PEs play the ports, they only start. Then down to the southernmost row, over the
  // ramp.
  const std::uint64_t first = request.grid.columns / request.groups * (request.groups - 1);
  const std::uint64_t entry = request.entry == WeightEntry::edge ? 2 * first + 2
                                                                 : request.parameters.instruction_startup +
                                                                       request.parameters.ramp_cycles + 1;
  return row_time(context, shape).total + reduction_tail(context, shape) + entry + request.grid.rows +
         request.parameters.ramp_cycles;
}

GradientStyle gradient_style_of(const WsRequest& request) {
  if (request.gradient) return *request.gradient;
  if (request.zeros) return GradientStyle::by_delta;
  const WaferSpec wafer = wafer_of(request);
  return gradient_plan(context_of(request, wafer), shape_of(request)).style;
}

std::uint64_t gradient_closed_form(const WsRequest& request) {
  const WaferSpec wafer = wafer_of(request);
  const FlowContext context = context_of(request, wafer);
  const MatrixShape shape = shape_of(request);
  const GradientStyle style = gradient_style_of(request);
  // Below, a column's sums go down and west as many rows as columns lie before it.
  const std::uint64_t exit = request.entry == WeightEntry::edge
                                 ? 2 * context.layout.columns_used(shape.in)
                                 : 1 + std::uint64_t{request.parameters.ramp_cycles};
  // Indices come in like weights, and groups have a column beside them; deltas may be there sooner.
  const std::uint64_t first = request.grid.columns / request.groups * (request.groups - 1);
  const bool wait = style == GradientStyle::by_weight && request.entry == WeightEntry::edge;
  const std::uint64_t indices = wait ? 2 * first + request.groups - 1 : 0;
  const RowTime time = request.zeros ? gradient_time_filtered(context, shape, filtered_deltas(request))
                                     : gradient_time(context, shape, style, indices);
  return time.total + gradient_tail(context, shape, style) + exit;
}

}  // namespace wafersim
