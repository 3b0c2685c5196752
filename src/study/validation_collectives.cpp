// Collectives against the points and models of Luczynski et al., HPDC'24.
#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/kernel/mesh/collective.hpp"

#include "study/validation_groups.hpp"

namespace wafersim {
namespace {

struct Run {
  double cycles{};
  double body{};
  double landings{};
};

Run run(const std::string& kernel, GridSize grid, std::uint32_t length) {
  const Collective collective = make_collective({.kernel = kernel, .grid = grid, .length = length});
  const auto engine = make_fast_engine(collective.plan);
  load_initial_values(collective, *engine);
  const CollectiveResult result = run_collective(collective, *engine);
  if (!result.values_match) throw InternalFault{kernel + " gave wrong values"};
  const auto cycles = static_cast<double>(result.cycles);
  return {cycles, cycles - static_cast<double>(collective.pe_costs),
          static_cast<double>(result.counts.landings())};
}

constexpr double kChain = 2;  // percent
constexpr double kTree = 3;
constexpr double kModel = 4;
// "about 691" and "about 133": 10 cycles, read off a counter that also runs before and after.
double ten_cycles_of(double published) {
  return 1000 / published;
}

constexpr const char* kLevels = "the model leaves out the cost of a level, which the same source simulates";
constexpr const char* kFirstLink = "the model leaves out the link to the root";
constexpr const char* kHalfChunks =
    "a step without a chunk costs the model half an element, the program nothing";

struct Row {
  std::uint32_t length;
  double star, chain, tree, two_phase, ring, broadcast;
};
// source: the models' values for 512 PEs, two_phase in groups of 22.
constexpr Row kRows[] = {
    {1, 516, 3067, 561, 733, 7154, 517},          {16, 8181, 3082, 628, 763, 7184, 532},
    {64, 32709, 3130, 845, 859, 7280, 580},       {256, 130821, 3322, 2349, 1243, 7663, 772},
    {1024, 523269, 4090, 9261, 2779, 9196, 1540}, {4096, 2093061, 7162, 36909, 8923, 15328, 4612}};

}  // namespace

std::vector<ValidationPoint> simulated_collectives() {
  constexpr GridSize kRow{512, 1};
  std::vector<ValidationPoint> points{
      {"chain reduce, 4 PEs, B 16", 95, run("reduce.chain", {4, 1}, 16).cycles, kChain, ""}};
  for (std::uint32_t b = 1; b <= 8192; b *= 2) {
    points.push_back({fmt::format("chain reduce, 512 PEs, B {}", b), b + 3127.0,
                      run("reduce.chain", kRow, b).cycles, kChain, ""});
  }
  std::uint32_t length = 1;
  for (const double cycles :
       {742, 748, 760, 784, 832, 931, 1155, 1646, 2681, 4977, 9585, 18801, 37233, 74097}) {
    points.push_back({fmt::format("tree reduce, 512 PEs, B {}", length), cycles,
                      run("reduce.tree", kRow, length).cycles, kTree, ""});
    length *= 2;
  }
  points.push_back(
      {"broadcast, 512 PEs, B 175, body", 691, run("broadcast", kRow, 175).body, ten_cycles_of(691), ""});
  points.push_back(
      {"broadcast, 128 PEs, B 1, body", 133, run("broadcast", {128, 1}, 1).body, ten_cycles_of(133), ""});
  points.push_back({"landings, chain, 4 PEs, B 16", 96, run("reduce.chain", {4, 1}, 16).landings, 0, ""});
  points.push_back(
      {"landings, broadcast, 512 PEs, B 175", 89'600, run("broadcast", kRow, 175).landings, 0, ""});
  points.push_back(
      {"landings, tree, 512 PEs, B 128", 360'320, run("reduce.tree", kRow, 128).landings, 0, ""});
  return points;
}

std::vector<ValidationPoint> modelled_collectives() {
  constexpr GridSize kRow{512, 1};
  std::vector<ValidationPoint> points;
  const auto add = [&](const char* kernel, GridSize grid, std::uint32_t b, double published, double gap = 0,
                       const char* why = "") {
    points.push_back({fmt::format("{}, {} PEs, B {}", kernel, spell(grid), b), published,
                      run(kernel, grid, b).body, gap == 0 ? kModel : gap, why});
  };
  for (const Row& row : kRows) add("broadcast", kRow, row.length, row.broadcast);
  for (const Row& row : kRows) add("reduce.star", kRow, row.length, row.star);
  add("reduce.star", {4, 1}, 1, 8, 12.5, kFirstLink);  // 1 * 3 + 5
  for (const Row& row : kRows) add("reduce.chain", kRow, row.length, row.chain);
  for (const Row& row : kRows) add("reduce.two_phase", kRow, row.length, row.two_phase);
  for (const Row& row : kRows) {
    const bool short_vector = row.length < 64;
    add("reduce.tree", kRow, row.length, row.tree, short_vector ? 16 : 0, short_vector ? kLevels : "");
  }
  for (const Row& row : kRows) {
    const bool half = row.length == 256;
    add("allreduce.ring", kRow, row.length, row.ring, half ? 7 : 0, half ? kHalfChunks : "");
  }
  // On a grid: rows, then the first column; two_phase in groups of 8.
  add("broadcast.2d", {64, 64}, 256, 256 + 64 + 64 - 2 + 5);
  add("reduce.chain.2d", {64, 64}, 256, 2 * (256 + 6 * 63));
  add("reduce.two_phase.2d", {64, 64}, 256, 2 * (2 * 256 + 63 + 5 * (7 + 7)));
  add("reduce.chain.snake", {64, 64}, 256, 256 + 6 * (64 * 64 - 1));
  return points;
}

}  // namespace wafersim
