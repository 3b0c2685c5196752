// What must hold for any bytes at all that are given to the readers of workloads.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "wafersim/workload/load.hpp"
#include "wafersim/workload/summary.hpp"

#include "fuzz/config_laws.hpp"

namespace wafersim::test {

// Millions of layers are legal, but building them over and over finds nothing new.
inline bool is_huge(const Tree& tree) {
  for (const Tree::Entry& entry : tree.entries) {
    const bool counts = entry.key == "repeat" || entry.key == "n_layer" || entry.key == "num_hidden_layers";
    if (counts && parse_count(entry.value.text).value.value_or(0) > 100) return true;
    if (is_huge(entry.value)) return true;
  }
  for (const Tree& item : tree.items) {
    if (is_huge(item)) return true;
  }
  return false;
}

inline void check_graph_laws(const Graph& graph) {
  Wide parameters = 0;
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    parameters += layer.owned_weights();
    for (const TensorId input : layer.inputs)
      expect_law(input < layer.output, "a tensor is made before it is used");
    expect_law(layer.output == i && graph.tensors[i].features == layer.out_features,
               "a layer makes its tensor");
    expect_law(layer.out_features > 0 && layer.in_features > 0, "nothing has no width");
    expect_law(!layer.tied_to || *layer.tied_to < i, "the owner of a matrix comes first");
  }
  expect_law(parameters == Wide{graph.parameters()}, "parameters are the sum over the layers");
}

inline void check_summary_laws(const Workload& workload) {
  const WorkloadSummary summary = summarize(workload);
  Workload dense = workload;
  dense.plan.sparsity = {};
  const Work work = work_of(workload, 3);
  expect_law(work.done.total() + work.skipped.total() == work_of(dense, 3).done.total(),
             "work is either done or skipped");
  expect_law(summary.kept_weights <= summary.parameters, "pruning adds no weights");
  expect_law(2 * summary.forward_macs_per_sequence ==
                 summary.per_sequence.done.forward + summary.per_sequence.skipped.forward,
             "a multiply-add is two operations");
}

inline void check_workload_laws(std::string_view text) {
  try {
    const Tree tree = parse_tree(text, "fuzz");
    if (is_huge(tree)) return;
    const LoadedWorkload loaded = read_workload(tree, "fuzz");
    check_graph_laws(loaded.workload.graph);
    check_summary_laws(loaded.workload);
    const std::string json = to_json(loaded.resolved);
    const LoadedWorkload again = read_workload(parse_tree(json, "again"), "other");
    expect_law(again.workload == loaded.workload, "a workload survives writing and reading");
    expect_law(to_json(again.resolved) == json, "its resolved form stays the same");
    expect_law(is_workload(loaded.resolved), "a resolved workload is known as one");
  } catch (const InputError& error) {
    expect_readable(error);
  }
}

}  // namespace wafersim::test
