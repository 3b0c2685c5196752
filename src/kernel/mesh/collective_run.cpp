// Gives a collective its values, runs it, and compares what came out.
#include <algorithm>
#include <bit>

#include "wafersim/kernel/mesh/collective.hpp"

#include "collective_values.hpp"

namespace wafersim {

// Twenty random bits over 2^10: sums round, so that their order shows.
float initial_value(PeAt at, std::uint32_t k) {
  std::uint64_t hash = (std::uint64_t{at.y} << 40U) ^ (std::uint64_t{at.x} << 20U) ^ k;
  hash = (hash ^ (hash >> 31U)) * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 29U)) * 0xbf58476d1ce4e5b9ULL;
  const auto bits = static_cast<std::int32_t>((hash >> 40U) & 0xfffffU) - (1 << 19);
  return static_cast<float>(bits) / 1024.0F;
}

std::uint32_t initial_element(PeAt at, std::uint32_t k) {
  return std::bit_cast<std::uint32_t>(initial_value(at, k));
}

Words reduced(const ReduceTree& tree, std::uint32_t length,
              const std::function<float(std::uint32_t node, std::uint32_t k)>& leaf) {
  Words words;
  for (std::uint32_t k = 0; k < length; ++k) {
    const float sum = reduce_value(tree, [&](std::uint32_t node) { return leaf(node, k); });
    words.push_back(std::bit_cast<std::uint32_t>(sum));
  }
  return words;
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
  Words words(collective.length);
  for (std::uint32_t y = 0; y < grid.rows; ++y) {
    for (std::uint32_t x = 0; x < grid.columns; ++x) {
      if (collective.plan.program_map[collective.plan.index_of({x, y})] == 0) continue;
      for (std::uint32_t k = 0; k < collective.length; ++k) words[k] = initial_element({x, y}, k);
      engine.write_memory({x, y}, 0, words);
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
                          return engine.read_memory(at, 0, collective.length) == collective.expected(at);
                        });
  return result;
}

}  // namespace wafersim
