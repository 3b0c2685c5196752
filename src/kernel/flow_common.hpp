// Terms that several closed forms share.
#pragma once

#include "wafersim/kernel/flow.hpp"

namespace wafersim::flow {

// Bytes of SRAM that one multiply-add touches: operand and accumulator read, accumulator written.
inline std::uint64_t sram_bytes_per_fmac(Arithmetic arithmetic) {
  return operand_bytes(arithmetic) + 2 * accumulator_bytes(arithmetic);
}

// Cycles of one vector instruction over `elements`, without its start.
inline std::uint64_t vector_cycles(const FlowContext& c, std::uint64_t elements) {
  return divide_up(elements, fmacs_per_cycle(c.wafer.pe, c.arithmetic));
}

// FP32 products summed in memory take two cycles a beat, and one more every eight elements. source: measured
// on WSE-2, SpMM on CS-2 benchmarks.
inline std::uint64_t fp32_sum_cycles(std::uint64_t beats, std::uint64_t elements) {
  return 2 * beats + elements / 8;
}

// Wavelets that carry `values` numbers of `bytes` each.
inline std::uint64_t wavelets(const FlowContext& c, std::uint64_t values, std::uint64_t bytes) {
  return divide_up(values * bytes, c.wafer.fabric.wavelet.count());
}

// One dependent step from PE to neighbour: out of the core, one hop, into the core, one add.
inline std::uint64_t chain_step(const FabricSpec& fabric) {
  return 2 * fabric.ramp_latency + fabric.hop_latency + 1;
}

// From the edge to the farthest PE of a column: across the row, then along the column, through two ramps.
inline std::uint64_t edge_to_farthest(const FlowContext& c) {
  return (c.wafer.grid.columns + c.wafer.grid.rows) * c.wafer.fabric.hop_latency +
         2 * c.wafer.fabric.ramp_latency;
}

// All-reduce of `values` FP32 numbers along a chain of PEs and back: chain reduce, then flood broadcast.
inline std::uint64_t chain_all_reduce(const FlowContext& c, std::uint64_t values, std::uint64_t pes) {
  if (pes <= 1) return 0;
  const std::uint64_t length = wavelets(c, values, 4);
  const std::uint64_t reduce = length + chain_step(c.wafer.fabric) * (pes - 1);
  const std::uint64_t broadcast = length + pes * c.wafer.fabric.hop_latency + 2 * c.wafer.fabric.ramp_latency;
  return reduce + broadcast;
}

// A vector instruction over all elements of a PE, FP16 at full width unless the plan computes in FP32.
inline std::uint64_t one_sweep(const FlowContext& c, std::uint64_t features) {
  const std::uint64_t elements = c.layout.tokens_per_pe() * c.layout.features_per_pe(features);
  const std::uint64_t width =
      c.arithmetic == Arithmetic::fp32 ? c.wafer.pe.fmacs_fp32 : c.wafer.pe.fmacs_fp16;
  return c.wafer.pe.instruction_startup + divide_up(elements, width);
}

}  // namespace wafersim::flow
