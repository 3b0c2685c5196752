// Attention for sequences spread over the rows: keys and values travel past the queries.
#include <algorithm>

#include "kernel/flow_common.hpp"

namespace wafersim {

using namespace flow;

namespace {

// How one head lies on the columns.
struct HeadShare {
  std::uint64_t query_features;  // per PE
  std::uint64_t key_features;    // per PE
  std::uint64_t heads;           // that a PE takes part in
  std::uint64_t columns;         // that a head is spread over
};

HeadShare share_of(const FlowContext& c, const AttentionTask& task) {
  const std::uint64_t query = c.layout.features_per_pe(task.heads * task.head_dim);
  return {.query_features = query,
          .key_features = c.layout.features_per_pe(task.kv_heads * task.head_dim),
          .heads = divide_up(query, task.head_dim),
          .columns = divide_up(task.head_dim, query)};
}

// Keys that pass a PE: all of the sequence, or the windows of its tokens.
std::uint64_t keys_of(const FlowContext& c, const AttentionTask& task) {
  if (task.window == 0) return task.sequence;
  return std::min(task.sequence, task.window + c.layout.tokens_per_pe() - 1);
}

// Scores or values: each arriving key (or value) element multiplies the PE's tokens.
std::uint64_t product_cycles(const FlowContext& c, const AttentionTask& task, const HeadShare& share) {
  const std::uint64_t arrivals = wavelets(c, share.key_features, operand_bytes(c.arithmetic));
  return keys_of(c, task) * (share.query_features * vector_cycles(c, c.layout.tokens_per_pe()) +
                             arrivals * c.wafer.pe.wavelet_overhead);
}

// Scores of all keys that a PE and its neighbours of the same head must add up or hand around.
std::uint64_t score_cycles(const FlowContext& c, const AttentionTask& task, const HeadShare& share) {
  if (share.columns == 1) return 0;
  return keys_of(c, task) * share.heads *
         wavelets(c, c.layout.tokens_per_pe(), accumulator_bytes(c.arithmetic));
}

std::uint64_t softmax_cycles(const FlowContext& c, const AttentionTask& task, const HeadShare& share) {
  const std::uint64_t t = c.layout.tokens_per_pe();
  const std::uint64_t scores = divide_up(keys_of(c, task) * share.heads * t, share.columns);
  return scores * c.wafer.pe.exponential_cycles + t * share.heads * c.wafer.pe.divide_cycles;
}

// Rows over which the keys of a query are spread.
std::uint64_t rows_of_sequence(const FlowContext& c, const AttentionTask& task) {
  return std::min(divide_up(keys_of(c, task), c.layout.tokens_per_pe()), c.layout.token_rows());
}

// `products` matrix products, `exchanges` passes of the scores between the columns of a head, `reductions` of
// key gradients over the rows of a sequence.
KernelCost attention(const FlowContext& c, const AttentionTask& task, std::uint64_t products,
                     std::uint64_t exchanges, std::uint64_t reductions, std::uint64_t counted_products) {
  const HeadShare share = share_of(c, task);
  const std::uint64_t rows = rows_of_sequence(c, task);
  KernelCost cost;
  cost.compute = Cycles{products * product_cycles(c, task, share) + softmax_cycles(c, task, share)};
  cost.fabric = Cycles{exchanges * score_cycles(c, task, share) +
                       (rows > 1 ? reductions * keys_of(c, task) * wavelets(c, share.key_features, 4) : 0)};
  cost.fill = Cycles{products * (rows * c.wafer.fabric.hop_latency + 2 * c.wafer.fabric.ramp_latency) +
                     exchanges * chain_step(c.wafer.fabric) * (share.columns - 1)};
  cost.fmacs = counted_products * c.layout.tokens() *
               (task.window == 0 ? task.sequence : std::min(task.sequence, task.window)) * task.heads *
               task.head_dim;
  cost.sram_accesses = cost.fmacs * sram_bytes_per_fmac(c.arithmetic);
  const std::uint64_t key_wavelets =
      wavelets(c, task.kv_heads * task.head_dim, operand_bytes(c.arithmetic)) * c.layout.tokens();
  cost.wavelet_hops = products * key_wavelets * rows;
  return cost;
}

}  // namespace

KernelCost attention_forward(const FlowContext& c, const AttentionTask& task) {
  // QKᵀ and AV; the scores are added up over a head's columns, then the probabilities are handed back.
  return attention(c, task, 2, 2, 0, 2);
}

KernelCost attention_backward(const FlowContext& c, const AttentionTask& task) {
  // The scores once more (they are too many to keep), dV, dP, dQ, dK; only the last four count as useful
  // work.
  return attention(c, task, 5, 4, 2, 4);
}

}  // namespace wafersim
