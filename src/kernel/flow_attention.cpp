// Attention for sequences spread over the rows: keys and values travel past the queries.
#include <algorithm>

#include "wafersim/kernel/ws_flow.hpp"

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

// Features of so many heads in the fullest PE. No PE holds parts of two heads, or it would have to keep and
// exchange the scores of both: a head takes as many whole columns as there are for each.
std::uint64_t features_of_heads(const FlowContext& c, std::uint64_t heads, std::uint64_t head_dim) {
  const std::uint64_t columns = c.layout.feature_columns();
  return columns >= heads ? divide_up(head_dim, columns / heads) : head_dim * divide_up(heads, columns);
}

HeadShare share_of(const FlowContext& c, const AttentionTask& task) {
  const std::uint64_t query = features_of_heads(c, task.heads, task.head_dim);
  return {.query_features = query,
          .key_features = features_of_heads(c, task.kv_heads, task.head_dim),
          .heads = divide_up(query, task.head_dim),
          .columns = divide_up(task.head_dim, query)};
}

// Tokens of a sequence lie on neighbouring PEs, so that only the keys of their windows need to pass them.
bool neighbours(const FlowContext& c, const AttentionTask& task) {
  return !task.causal || c.wafer.mapping.tokens == TokenOrder::in_order;
}

// Keys that pass a PE: all of the sequence, or the windows of its tokens.
std::uint64_t keys_of(const FlowContext& c, const AttentionTask& task) {
  if (task.window == 0 || !neighbours(c, task)) return task.sequence;
  return std::min(task.sequence, task.window + c.layout.tokens_per_pe() - 1);
}

// Instructions, `per` tokens each, of so many keys of which the first meets all `tokens` of a PE, the next
// one all but one, and so on.
std::uint64_t triangle(std::uint64_t tokens, std::uint64_t per) {
  const std::uint64_t full = tokens / per;
  return per * full * (full + 1) / 2 + tokens % per * (full + 1);
}

// Sum over all keys of the instructions, `per` tokens each, that bring a key together with the fullest PE's
// tokens. Under a causal mask this is the PE with the last tokens of its sequences, which meet every key
// before them, and among themselves a triangle; the PEs above have less to do and wait. Dealt in turn, each
// PE has early and late tokens: a stride of keys meets all of them, the next one all but the first, and so
// on.
std::uint64_t over_keys(const FlowContext& c, const AttentionTask& task, std::uint64_t per) {
  const std::uint64_t t = c.layout.tokens_per_pe();
  const std::uint64_t all_pairs = keys_of(c, task) * divide_up(t, per);
  if (!task.causal) return all_pairs;
  const std::uint64_t tokens = std::min(t, task.sequence);  // of one sequence
  const std::uint64_t sequences = divide_up(t, task.sequence);
  if (c.wafer.mapping.tokens == TokenOrder::dealt) {
    // The last stride may be short; it is counted as a whole one.
    return std::min(all_pairs, sequences * divide_up(task.sequence, tokens) * triangle(tokens, per));
  }
  const std::uint64_t before = task.sequence - tokens;
  return std::min(all_pairs, sequences * (before * divide_up(tokens, per) + triangle(tokens, per)));
}

// Queries and keys that meet in one sequence.
std::uint64_t pairs_of(const AttentionTask& task) {
  const std::uint64_t keys = task.window == 0 ? task.sequence : std::min(task.sequence, task.window);
  return task.causal ? keys * (keys + 1) / 2 + (task.sequence - keys) * keys : task.sequence * keys;
}

// The products of one pass. Summed: each key's elements arrive and multiply the tokens, and the sums of a key
// go along the head's columns, so that a control wavelet ends it, as an output feature of a linear layer.
// Spread: values arrive and multiply what the PE knows of their key; sums stay. Gathered: nothing arrives;
// for each key and feature the PE adds up over its tokens, and the sum goes down the column.
struct Products {
  std::uint64_t summed{};
  std::uint64_t spread{};
  std::uint64_t gathered{};

  [[nodiscard]] std::uint64_t all() const { return summed + spread + gathered; }
};

std::uint64_t product_cycles(const FlowContext& c, const AttentionTask& task, const HeadShare& share,
                             const Products& products) {
  const PeSpec& pe = c.wafer.pe;
  const std::uint64_t each = share.query_features;
  const std::uint64_t arrivals = wavelets(c, share.key_features, operand_bytes(c.arithmetic));
  std::uint64_t beats = each * over_keys(c, task, fmacs_per_cycle(pe, c.arithmetic));
  if (c.arithmetic == Arithmetic::fp32) beats = fp32_sum_cycles(beats, each * over_keys(c, task, 1));
  // Beside the beats, for each key.
  const TaskCosts costs{pe};
  const std::uint64_t issues = each * costs.issue;
  const std::uint64_t around = products.summed * (costs.dispatches(arrivals, false) + costs.commit + issues) +
                               products.spread * (arrivals * costs.repeat + issues) +
                               products.gathered * issues;
  return products.all() * beats + keys_of(c, task) * around;
}

// Scores of all keys that a PE and its neighbours of the same head must add up or hand around.
std::uint64_t score_cycles(const FlowContext& c, const AttentionTask& task, const HeadShare& share) {
  if (share.columns == 1) return 0;
  const std::uint64_t in_a_wavelet = c.wafer.fabric.wavelet.count() / accumulator_bytes(c.arithmetic);
  return share.heads * over_keys(c, task, in_a_wavelet);
}

// What happens to each score beside products and sums along the row, in FP32: instructions over all of them,
// as the program on the mesh has them (kernel/mesh/attention.cpp), one exponential, and divisions by token.
struct ScoreWork {
  std::uint64_t sweeps{};
  std::uint64_t divisions{};
};
// Scaled, the largest found and taken off, the powers added up and multiplied by one over their sum.
constexpr ScoreWork kSoftmax{.sweeps = 5, .divisions = 1};
// The weights once more from the largest and the sum that were kept: scaled, taken off, multiplied. Then the
// deltas of the scores, (dP - sum of P dP) P, scaled: four more.
constexpr ScoreWork kSoftmaxBackward{.sweeps = 7, .divisions = 0};

std::uint64_t softmax_cycles(const FlowContext& c, const AttentionTask& task, const HeadShare& share,
                             const ScoreWork& work) {
  const PeSpec& pe = c.wafer.pe;
  const std::uint64_t scores = divide_up(share.heads * over_keys(c, task, 1), share.columns);
  return scores * pe.exponential_cycles + work.sweeps * divide_up(scores, pe.fmacs_fp32) +
         work.divisions * c.layout.tokens_per_pe() * share.heads * pe.divide_cycles;
}

// Rows over which the keys of a query are spread.
std::uint64_t rows_of_sequence(const FlowContext& c, const AttentionTask& task) {
  return std::min(divide_up(keys_of(c, task), c.layout.tokens_per_pe()), c.layout.token_rows());
}

// What one pass consists of.
struct AttentionPass {
  Products products;
  ScoreWork scores;
  std::uint64_t exchanges{};         // of the scores between the columns of a head
  std::uint64_t reductions{};        // of key and value gradients over the rows of a sequence
  std::uint64_t counted_products{};  // that are useful work
};

KernelCost attention(const FlowContext& c, const AttentionTask& task, const AttentionPass& pass) {
  const HeadShare share = share_of(c, task);
  const std::uint64_t rows = rows_of_sequence(c, task);
  const std::uint64_t products = pass.products.all();
  KernelCost cost;
  cost.compute =
      Cycles{product_cycles(c, task, share, pass.products) + softmax_cycles(c, task, share, pass.scores)};
  cost.fabric =
      Cycles{pass.exchanges * score_cycles(c, task, share) +
             (rows > 1 ? pass.reductions * keys_of(c, task) * wavelets(c, share.key_features, 4) : 0)};
  cost.fill = Cycles{products * (rows * c.wafer.fabric.hop_latency + 2 * c.wafer.fabric.ramp_latency) +
                     pass.exchanges * chain_step(c.wafer.fabric) * (share.columns - 1)};
  cost.fmacs = pass.counted_products * (c.layout.tokens() / task.sequence) * pairs_of(task) * task.heads *
               task.head_dim;
  cost.sram_accesses = cost.fmacs * sram_bytes_per_fmac(c.arithmetic);
  const std::uint64_t key_wavelets =
      wavelets(c, task.kv_heads * task.head_dim, operand_bytes(c.arithmetic)) * c.layout.tokens();
  cost.wavelet_hops = products * key_wavelets * rows;
  return cost;
}

}  // namespace

KernelCost attention_forward(const FlowContext& c, const AttentionTask& task) {
  // QKᵀ and AV; the scores are added up over a head's columns, then the weights are handed back.
  return attention(
      c, task,
      {.products = {.summed = 1, .spread = 1}, .scores = kSoftmax, .exchanges = 2, .counted_products = 2});
}

KernelCost attention_backward(const FlowContext& c, const AttentionTask& task) {
  // The scores once more (they are too many to keep) and dP, then dQ, then dV and dK; only the last four
  // count as useful work.
  return attention(c, task,
                   {.products = {.summed = 2, .spread = 1, .gathered = 2},
                    .scores = kSoftmaxBackward,
                    .exchanges = 4,
                    .reductions = 2,
                    .counted_products = 4});
}

}  // namespace wafersim
