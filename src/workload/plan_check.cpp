// Finds plans that contradict themselves or their graph.
#include "workload/plan_check.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "wafersim/base/wide.hpp"

#include "workload/quote.hpp"

namespace wafersim::workload_detail {
namespace {

const SourceLocation& place(const Tree& file, std::string_view key) {
  const Tree* value = file.find(key);
  return value == nullptr ? file.at : value->at;
}

void check_batch(const TrainingPlan& plan, const Tree& file, Problems& problems) {
  if (plan.global_batch && plan.tokens_per_node) {
    problems.add(place(file, "tokens_per_node"), "tokens_per_node",
                 "give either 'global_batch' or 'tokens_per_node', not both");
  }
  if (plan.tokens_per_node && *plan.tokens_per_node % plan.sequence_length != 0) {
    problems.add(place(file, "tokens_per_node"), "tokens_per_node",
                 fmt::format("must be a multiple of the sequence length {}, got {}", plan.sequence_length,
                             *plan.tokens_per_node));
    return;
  }
  std::uint64_t sequences = std::numeric_limits<std::uint64_t>::max();
  if (plan.global_batch) sequences = *plan.global_batch;
  if (plan.tokens_per_node) sequences = std::min(sequences, *plan.tokens_per_node / plan.sequence_length);
  if (plan.micro_batch && *plan.micro_batch > sequences) {
    problems.add(
        place(file, "micro_batch"), "micro_batch",
        fmt::format("must be at most the {} sequences of the batch, got {}", sequences, *plan.micro_batch));
  }
}

void check_work(const Workload& workload, const Tree& file, Problems& problems) {
  try {
    Wide macs = 0;
    for (const Layer& layer : workload.graph.layers)
      macs += forward_macs(layer, workload.plan.sequence_length);
    (void)narrow(macs);
  } catch (const QuantityOverflow&) {
    problems.add(place(file, "sequence_length"), "sequence_length",
                 fmt::format("a sequence of {} tokens takes more multiply-adds than 64 bits can count",
                             workload.plan.sequence_length));
  }
}

// A pattern that names nothing is a typing error, and would silently change what is simulated.
void check_patterns(const Workload& workload, const Tree& file, Problems& problems) {
  const Tree* sparsity = file.find("sparsity");
  const Tree* rules = sparsity == nullptr ? nullptr : sparsity->find("exceptions");
  if (rules == nullptr) return;
  for (std::size_t i = 0; i < workload.plan.sparsity.exceptions.size(); ++i) {
    const std::string& pattern = workload.plan.sparsity.exceptions[i].layers;
    const auto named = [&](const Layer& layer) {
      return layer.matrix_weights > 0 && !layer.tied_to && matches_pattern(layer.name, pattern);
    };
    const auto& layers = workload.graph.layers;
    if (std::any_of(layers.begin(), layers.end(), named)) continue;
    problems.add(rules->items[i].at, fmt::format("sparsity.exceptions.{}.layers", i),
                 fmt::format("no layer with a matrix of its own has a name like {}", in_quotes(pattern)));
  }
}

// Counts of weights name layers with a matrix of their own, each once, and no more than there are.
void check_kept(const Workload& workload, const Tree& file, Problems& problems) {
  const std::vector<KeptWeights>& kept = workload.plan.sparsity.kept;
  if (kept.empty()) return;
  std::map<std::string_view, const Layer*> owners;
  for (const Layer& layer : workload.graph.layers) {
    if (layer.matrix_weights > 0 && !layer.tied_to) owners[layer.name] = &layer;
  }
  const SourceLocation& at = place(file, "sparsity");
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto owner = owners.find(kept[i].layer);
    std::string wrong;
    if (owner == owners.end()) {
      wrong = "no layer of this name has a matrix of its own";
    } else if (kept[i].weights > owner->second->matrix_weights) {
      wrong = fmt::format("keeps {} of {} weights", kept[i].weights, owner->second->matrix_weights);
    } else if (i > 0 && kept[i - 1].layer == kept[i].layer) {
      wrong = "is counted twice";
    }
    if (!wrong.empty()) problems.add(at, fmt::format("sparsity.kept: {}", in_quotes(kept[i].layer)), wrong);
  }
}

// What stands beside N:M must leave what it leaves: a level, exceptions that are dense or the same, no other
// distribution, no counts.
void check_n_of_m(const Workload& workload, const Tree& keys, Problems& problems) {
  const Sparsity& sparsity = workload.plan.sparsity;
  const MaskPattern& pattern = sparsity.pattern;
  const SourceLocation& at = place(keys, "pattern");
  const std::string name = fmt::format("{}:{}", pattern.keep, pattern.of);
  const Tree* said = keys.find("level");
  if (said != nullptr && parse_fraction(said->text).value != pattern.pruned())
    problems.add(said->at, "sparsity.level",
                 fmt::format("must be left out: the pattern {} prunes {} of the weights, got {}", name,
                             spell(pattern.pruned()), said->text));
  if (sparsity.distribution == Distribution::erk)
    problems.add(place(keys, "distribution"), "sparsity.distribution",
                 fmt::format("erk gives each matrix another level, the pattern {} gives all the same", name));
  if (!sparsity.kept.empty())
    problems.add(at, "sparsity.pattern",
                 fmt::format("masks with counts of their own leave nothing for {} to say", name));
  for (std::size_t i = 0; i < sparsity.exceptions.size(); ++i) {
    const Fraction level = sparsity.exceptions[i].level;
    if (level == Fraction{} || level == pattern.pruned()) continue;
    problems.add(
        place(keys, "exceptions"), fmt::format("sparsity.exceptions.{}.level", i),
        fmt::format("must be 0 beside the pattern {}, which fixes the level, got {}", name, spell(level)));
  }
  for (const Layer& layer : workload.graph.layers) {
    const bool drawn = has_matrix(layer.kind) && layer.kind != OpKind::embedding;
    if (!drawn || sparsity_level(layer, sparsity) == Fraction{}) continue;
    const std::uint64_t width = matrix_width(layer);
    if (width % pattern.of == 0) continue;
    problems.add(
        at, "sparsity.pattern",
        fmt::format("{} needs matrices whose inputs are a multiple of {}, {} has {}: an exception of "
                    "level 0 leaves it dense",
                    name, pattern.of, in_quotes(layer.name), width));
    return;
  }
}

// Blocks need a size, and N:M a level of its own and whole groups of M.
void check_pattern(const Workload& workload, const Tree& file, Problems& problems) {
  const Tree* keys = file.find("sparsity");
  if (keys == nullptr) return;
  const Sparsity& sparsity = workload.plan.sparsity;
  const Tree* pattern = keys->find("pattern");
  const bool sized =
      keys->find("block_size") != nullptr && keys->find("block_size")->kind != Tree::Kind::null;
  const bool blocks = pattern != nullptr && pattern->text == "block";
  if (blocks && !sized)
    problems.add(pattern->at, "sparsity.block_size", "is required by the pattern 'block': 1 to 64 weights");
  if (sized && !blocks)
    problems.add(place(*keys, "block_size"), "sparsity.block_size", "is of the pattern 'block' only");
  if (sparsity.pattern.of != 0) check_n_of_m(workload, *keys, problems);
}

// A share for layers that are not there is a mistake: a GPT, for instance, has a gelu.
void check_activations(const Workload& workload, const Tree& file, Problems& problems) {
  const Tree* keys = file.find("sparsity");
  const Sparsity& sparsity = workload.plan.sparsity;
  if (keys == nullptr || sparsity.activations.billionths == 0) return;
  const auto& layers = workload.graph.layers;
  const bool any = std::any_of(layers.begin(), layers.end(), [&](const Layer& layer) {
    return !layer.zeros && output_zeros(layer, sparsity).billionths > 0;
  });
  if (any) return;
  problems.add(place(*keys, "activations"), "sparsity.activations",
               "the model has no relu that it could be of: only a relu leaves zeros (a gelu, for instance, "
               "does not); leave it out");
}

}  // namespace

void check_plan(const Workload& workload, const Tree& file, Problems& problems) {
  check_batch(workload.plan, file, problems);
  check_work(workload, file, problems);
  check_patterns(workload, file, problems);
  check_kept(workload, file, problems);
  check_pattern(workload, file, problems);
  check_activations(workload, file, problems);
}

}  // namespace wafersim::workload_detail
