// The keys of the training plan in a workload file.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "wafersim/config/record.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

inline std::span<const Choice<StepMode>> choices(StepMode /*kind*/) {
  static constexpr std::array kAll{Choice<StepMode>{"train", StepMode::train},
                                   Choice<StepMode>{"evaluate", StepMode::evaluate}};
  return kAll;
}

inline std::span<const Choice<Execution>> choices(Execution /*kind*/) {
  static constexpr std::array kAll{Choice<Execution>{"weight_streaming", Execution::weight_streaming},
                                   Choice<Execution>{"pipelined", Execution::pipelined}};
  return kAll;
}

inline std::span<const Choice<Recompute>> choices(Recompute /*kind*/) {
  static constexpr std::array kAll{Choice<Recompute>{"none", Recompute::none},
                                   Choice<Recompute>{"layer", Recompute::layer}};
  return kAll;
}

inline std::span<const Choice<Optimizer>> choices(Optimizer /*kind*/) {
  static constexpr std::array kAll{
      Choice<Optimizer>{"sgd", Optimizer::sgd}, Choice<Optimizer>{"momentum", Optimizer::momentum},
      Choice<Optimizer>{"adam", Optimizer::adam}, Choice<Optimizer>{"adafactor", Optimizer::adafactor}};
  return kAll;
}

inline std::span<const Choice<Precision>> choices(Precision /*kind*/) {
  static constexpr std::array kAll{Choice<Precision>{"fp16", Precision::fp16},
                                   Choice<Precision>{"fp32", Precision::fp32}};
  return kAll;
}

inline std::span<const Choice<Accumulate>> choices(Accumulate /*kind*/) {
  static constexpr std::array kAll{Choice<Accumulate>{"fp16", Accumulate::fp16},
                                   Choice<Accumulate>{"mixed", Accumulate::mixed},
                                   Choice<Accumulate>{"fp32", Accumulate::fp32}};
  return kAll;
}

inline std::span<const Choice<GradientAccumulation>> choices(GradientAccumulation /*kind*/) {
  using Kind = GradientAccumulation;
  static constexpr std::array kAll{Choice<Kind>{"auto", Kind::automatic}, Choice<Kind>{"wafer", Kind::wafer},
                                   Choice<Kind>{"memoryx", Kind::memoryx}};
  return kAll;
}

inline std::span<const Choice<Distribution>> choices(Distribution /*kind*/) {
  static constexpr std::array kAll{Choice<Distribution>{"uniform", Distribution::uniform},
                                   Choice<Distribution>{"erk", Distribution::erk}};
  return kAll;
}

inline std::span<const Choice<ExpertStream>> choices(ExpertStream /*kind*/) {
  static constexpr std::array kAll{Choice<ExpertStream>{"all", ExpertStream::all},
                                   Choice<ExpertStream>{"chosen", ExpertStream::chosen}};
  return kAll;
}

// Limits that keep every later product within 128 bits, far above any real plan.
inline constexpr std::uint64_t kMaxSequence = 1'000'000'000;
inline constexpr std::uint64_t kMaxBatch = 1'000'000'000'000;
inline constexpr std::uint64_t kMostTrainingTokens = 1'000'000'000'000'000'000;

// Where a mask keeps weights, as a word: how large blocks are is another key's to say.
struct PatternWord {
  bool blocks{};
  MaskPattern n_of_m{};
};
template <>
struct ScalarFormat<PatternWord> {
  static constexpr ScalarKind kKind = ScalarKind::text;
  static std::string expected() { return "'unstructured', 'block' or N:M such as '2:4'"; }
  static Parsed<PatternWord> parse(std::string_view text) {
    if (text == "unstructured") return {.value = PatternWord{}, .problem = {}};
    if (text == "block") return {.value = PatternWord{.blocks = true}, .problem = {}};
    if (text.find(':') == std::string_view::npos)
      return {.value = {}, .problem = "expected " + expected() + ", got '" + std::string{text} + "'"};
    const Parsed<MaskPattern> read = parse_n_of_m(text);
    if (!read.value) return {.value = {}, .problem = read.problem};
    if (read.value->of > kMostOfM)
      return {.value = {}, .problem = "M of N:M must be at most " + std::to_string(kMostOfM)};
    return {.value = PatternWord{.n_of_m = *read.value}, .problem = {}};
  }
  static std::string spell(const PatternWord& word) {
    if (word.blocks) return "block";
    if (word.n_of_m.of == 0) return "unstructured";
    return std::to_string(word.n_of_m.keep) + ":" + std::to_string(word.n_of_m.of);
  }
};

// The three precisions share a map of their own in the file.
struct PrecisionRecord {
  Precision weights{};
  Precision gradients{};
  Accumulate accumulate{};
};

template <class Visitor>
void visit_fields(Visitor& visit, PrecisionRecord& precision) {
  visit.field("weights", precision.weights, {.help = "as streamed", .presence = Presence::defaulted});
  visit.field("gradients", precision.gradients, {.help = "as sent back", .presence = Presence::defaulted});
  visit.field("accumulate", precision.accumulate,
              {.help = "of multiply-adds: mixed is fp16 into fp32", .presence = Presence::defaulted});
}

template <class Visitor>
void visit_fields(Visitor& visit, SparsityRule& rule) {
  visit.field("layers", rule.layers, {.help = "pattern of layer names, with * and ?"});
  visit.field("level", rule.level,
              {.help = "share of the weights of each that is pruned", .high = Fraction{Fraction::kOne - 1}});
}

template <class Visitor>
void visit_fields(Visitor& visit, KeptWeights& kept) {
  visit.field("layer", kept.layer, {.help = "the layer that owns the matrix"});
  visit.field("weights", kept.weights, {.help = "of its matrix that are kept"});
}

template <class Visitor>
void visit_fields(Visitor& visit, Sparsity& sparsity) {
  constexpr Presence kMayLack = Presence::defaulted;
  visit.field("level", sparsity.level,
              {.help = "share of the weights of every matrix but embeddings that is pruned",
               .high = Fraction{Fraction::kOne - 1},
               .presence = kMayLack});
  visit.field(
      "distribution", sparsity.distribution,
      {.help = "of the level over the matrices; erk: more of the small ones is kept", .presence = kMayLack});
  MaskPattern& pattern = sparsity.pattern;
  PatternWord word{.blocks = pattern.block > 1, .n_of_m = pattern};
  std::optional<std::uint64_t> block_size;
  if (pattern.block > 1) block_size = pattern.block;
  visit.field("pattern", word,
              {.help = "weights that stay along the inputs of an output feature: `unstructured`, each by "
                       "itself; `block`, neighbours together; `2:4` and other N:M, N of every M neighbours, "
                       "which fixes the level",
               .presence = kMayLack});
  visit.field("block_size", block_size,
              {.help = "neighbours of a block, of the pattern `block`", .low = 1, .high = kLargestBlock});
  pattern = word.n_of_m;
  pattern.block = block_size.value_or(1);
  visit.field("seed", sparsity.seed,
              {.help = "of the masks, and of zeros among activations", .presence = kMayLack});
  visit.field("activations", sparsity.activations,
              {.help = "share of zeros in the output of each relu that names none itself",
               .high = Fraction{Fraction::kOne - 1},
               .presence = kMayLack});
  visit.field("exceptions", sparsity.exceptions,
              {.help = "other levels, by layer; the last that matches wins", .presence = kMayLack});
  visit.field("kept", sparsity.kept,
              {.help = "exact counts, by layer, as masks give them; they hold before any level",
               .presence = kMayLack});
}

template <class Visitor>
void visit_fields(Visitor& visit, TrainingPlan& plan) {
  constexpr Presence kMayLack = Presence::defaulted;
  visit.field("mode", plan.mode, {.help = "of a step; evaluate is forward only", .presence = kMayLack});
  visit.field("execution", plan.execution,
              {.help = "weights streamed layer by layer, or resident, every layer on PEs of its own",
               .presence = kMayLack});
  visit.field("sequence_length", plan.sequence_length,
              {.help = "tokens of a sequence; what the model was made for if left out",
               .low = 1,
               .high = kMaxSequence,
               .presence = kMayLack});
  visit.field("global_batch", plan.global_batch,
              {.help = "sequences per step, over all nodes", .low = 1, .high = kMaxBatch});
  visit.field("tokens_per_node", plan.tokens_per_node,
              {.help = "tokens per step on each node; whole sequences", .low = 1, .high = kMaxBatch});
  visit.field(
      "micro_batch", plan.micro_batch,
      {.help = "sequences on a wafer at a time; auto is the fastest, without a batch the most that fits",
       .low = 1,
       .high = kMaxBatch,
       .nothing = "auto"});
  visit.field("recompute", plan.recompute,
              {.help = "what runs forward again before its backward pass", .presence = kMayLack});
  visit.field("optimizer", plan.optimizer, {.help = "the update rule", .presence = kMayLack});
  PrecisionRecord precision{plan.weights, plan.gradients, plan.accumulate};
  visit.field("precision", precision, {.help = "formats of numbers", .presence = kMayLack});
  plan.weights = precision.weights;
  plan.gradients = precision.gradients;
  plan.accumulate = precision.accumulate;
  visit.field("gradient_accumulation", plan.gradient_accumulation,
              {.help = "where micro-batches add up their gradients", .presence = kMayLack});
  visit.field("expert_stream", plan.expert_stream,
              {.help = "experts whose weights travel: all, or only those chosen in the micro-batch",
               .presence = kMayLack});
  visit.field("sparsity", plan.sparsity, {.help = "which weights are pruned", .presence = kMayLack});
  visit.field(
      "training_tokens", plan.training_tokens,
      {.help = "tokens of the whole training run, for the wear of the store; auto: 20 for each parameter",
       .low = 1,
       .high = kMostTrainingTokens,
       .nothing = "auto"});
}

}  // namespace wafersim
