// Gives a collective its values, runs it, and compares what came out.
#include <algorithm>

#include "wafersim/kernel/mesh/collective.hpp"

#include "collective_values.hpp"

namespace wafersim {

Words reduced(const ReduceTree& tree, const VectorFormat& format,
              const std::function<std::uint32_t(std::uint32_t node, std::uint32_t k)>& leaf) {
  std::vector<std::uint32_t> sums(tree.size());
  return format.packed([&](std::uint32_t k) {
    for (std::uint32_t node = tree.size(); node-- > 0;) {
      sums[node] = leaf(node, k);
      for (const std::uint32_t child : tree.children[node]) sums[node] = format.add(sums[node], sums[child]);
    }
    return sums[0];
  });
}

std::function<Words(std::uint32_t)> remembered(std::function<Words(std::uint32_t)> compute) {
  struct Last {
    std::uint32_t argument{};
    Words words;
  };
  return [compute = std::move(compute), last = std::make_shared<Last>()](std::uint32_t argument) {
    if (last->words.empty() || last->argument != argument) *last = {argument, compute(argument)};
    return last->words;
  };
}

void load_initial_values(const Collective& collective, MeshEngine& engine) {
  const GridSize grid = collective.plan.grid;
  for (std::uint32_t y = 0; y < grid.rows; ++y) {
    for (std::uint32_t x = 0; x < grid.columns; ++x) {
      if (collective.plan.program_map[collective.plan.index_of({x, y})] == 0) continue;
      if (!engine.keeps_values({x, y})) continue;
      engine.write_memory({x, y}, collective.initial_address, collective.initial({x, y}));
    }
  }
}

CollectiveResult run_collective(const Collective& collective, MeshEngine& engine) {
  CollectiveResult result;
  result.outcome = engine.run();
  result.counts = engine.counts();
  for (const PeAt at : collective.last) {
    const PeActivity activity = engine.activity(at);
    if (activity.last_end < result.cycles) continue;
    result.cycles = activity.last_end;
    result.root = activity;
  }
  result.values_match = result.outcome.status == MeshStatus::finished &&
                        std::all_of(collective.results.begin(), collective.results.end(), [&](PeAt at) {
                          return !engine.keeps_values(at) ||
                                 engine.read_memory(at, 0, collective.words) == collective.expected(at);
                        });
  return result;
}

}  // namespace wafersim
