// What must hold for any bytes at all that are given to the readers of models with a format of their own.
#pragma once

#include <string>
#include <string_view>

#include "fuzz/workload_laws.hpp"
#include "workload/onnx_import.hpp"
#include "workload/scale_sim.hpp"

namespace wafersim::test {

// The graph is sound, and what is written of it reads as the same graph.
inline void check_imported_laws(const workload_detail::ImportedModel& imported) {
  check_graph_laws(imported.graph);
  Tree file = make_tree(Tree::Kind::map, {.file = "again"});
  file.entries.push_back({.key = imported.key, .key_at = file.at, .value = imported.resolved});
  file.entries.push_back({.key = "sequence_length",
                          .key_at = file.at,
                          .value = make_text(std::to_string(imported.max_positions.value_or(1)))});
  try {
    const LoadedWorkload again = read_workload(std::move(file), imported.graph.name);
    expect_law(again.workload.graph == imported.graph, "a graph survives writing and reading");
  } catch (const InputError& error) {
    // A graph may be sound and its sequence too long to count the work of.
    expect_readable(error);
  }
}

inline void check_onnx_laws(std::string_view bytes) {
  try {
    const workload_detail::OnnxModel model =
        workload_detail::parse_onnx(bytes, "m.onnx", {{"batch", 1}, {"sequence", 16}});
    check_imported_laws(
        workload_detail::import_onnx(model, "m.onnx", "m", workload_detail::UnknownOperators::skip));
  } catch (const InputError& error) {
    expect_readable(error);
  }
}

inline void check_scale_sim_laws(std::string_view text) {
  try {
    check_imported_laws(workload_detail::read_scale_sim(text, "t.csv", "t"));
  } catch (const InputError& error) {
    expect_readable(error);
  }
}

}  // namespace wafersim::test
