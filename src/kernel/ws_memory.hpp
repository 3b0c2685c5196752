// Remembers what walks over the columns of a row found.
#pragma once

#include <string_view>

#include "wafersim/base/answers.hpp"
#include "wafersim/kernel/ws_flow.hpp"

namespace wafersim::flow {

// The walk's answer, from memory if it was asked before. The points of a study, and the what-ifs of a sparse
// one, ask for the same dense walks again and again. Only a mask that was given has no numbers to ask by.
// `more`: other numbers that the walk depends on.
template <class Walk>
RowTime remembered(Answers& answers, const FlowContext& c, const MatrixShape& shape, const Walk& walk,
                   const Answers::Numbers& more = {}) {
  Answers::Numbers question = shape.mask != nullptr ? shape.mask->identity() : Answers::Numbers{};
  if (shape.mask != nullptr && question.empty()) return walk();
  const PeSpec& pe = c.wafer.pe;
  const FabricSpec& fabric = c.wafer.fabric;
  question.insert(
      question.end(),
      {shape.in, shape.out, shape.weights_per_wavelet, c.layout.feature_columns(), c.layout.mapping().groups,
       c.layout.tokens_per_pe(), static_cast<std::uint64_t>(c.arithmetic), pe.fmacs_fp16, pe.fmacs_mixed,
       pe.fmacs_fp32, pe.instruction_startup, pe.wavelet_overhead, pe.task_dispatch, pe.accumulators,
       fabric.ramp_latency, fabric.hop_latency, fabric.wavelet.count()});
  question.insert(question.end(), more.begin(), more.end());
  const Answers::Numbers found = answers.recall(question, [&] {
    const RowTime time = walk();
    return Answers::Numbers{time.total, time.products, time.mean_beats, time.overhead, time.chain};
  });
  return {.total = found[0],
          .products = found[1],
          .mean_beats = found[2],
          .overhead = found[3],
          .chain = found[4]};
}

}  // namespace wafersim::flow
