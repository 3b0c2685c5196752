// The laws of the fuzzer, for mutated studies that are the same in every run.
#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"

#include "fuzz/study_laws.hpp"

namespace wafersim {
namespace {

constexpr std::array<std::string_view, 4> kSeeds{
    R"(sweep:
  cluster.nodes: [1, 2, 4]
  workload.sparsity.level: [0, 90 %]
where: nodes * (1 - level) >= 0.2 and not (nodes == 4)
)",
    R"(zip: {wafer.io.lane_rate: [100 Gb/s, 200 Gb/s], wafer.io.port_rate: [10 Gb/s, 20 Gb/s]}
derive: {workload.global_batch: 'max(8, 2 * nodes)', cluster.steps: 3 + floor(4 / 2)}
where: [lane_rate >= 100 Gb/s, "recompute == 'none' or nodes < 3"]
)",
    R"(list:
  - {cluster.nodes: 1, wafer.clock: 1 GHz}
  - {cluster.nodes: 4, wafer.clock: 900 MHz}
hold: {tokens_per_node: 8}
)",
    R"(name: draws
random: {points: 5, seed: 7, keys: {workload.sparsity.level: {from: 0.10, to: 0.95}, cluster.nodes: [1, 2]}}
)"};
constexpr std::array<std::string_view, 16> kWords{"0",    "-1",    "1e9",     "18446744073709551615",
                                                  "null", "[]",    "{}",      "'a'",
                                                  "%",    "nodes", "(",       "not ",
                                                  "*",    "1 ms",  "\"\\n\"", "sweep:"};

void mutate(std::string& text, Random& random) {
  const auto place = [&] { return static_cast<std::size_t>(random.below(text.size() + 1)); };
  switch (random.below(4)) {
    case 0:
      text.insert(place(), kWords.at(static_cast<std::size_t>(random.below(kWords.size()))));
      break;
    case 1:
      text.erase(place(), static_cast<std::size_t>(random.below(8)));
      break;
    case 2: {
      const std::size_t from = place();
      text.insert(place(), text.substr(from, static_cast<std::size_t>(random.below(20))));
      break;
    }
    default:
      if (!text.empty()) text[place() % text.size()] = static_cast<char>(' ' + random.below(95));
      break;
  }
}

TEST(MutatedStudies, AreReadOrRefusedInOneLine) {
  Random random{7};
  for (int i = 0; i < 300; ++i) {
    std::string text{kSeeds.at(static_cast<std::size_t>(random.below(kSeeds.size())))};
    for (std::uint64_t n = random.below(4); n > 0; --n) mutate(text, random);
    ASSERT_NO_THROW(test::check_study_laws(text)) << "round " << i << ":\n" << text;
  }
}

TEST(MutatedStudies, ExpressionsAreReadOrRefusedInPlace) {
  constexpr std::array<std::string_view, 3> kExpressions{"max(8, 2 * nodes) >= 3 and not (level == 0.5)",
                                                         "min(100 Gb/s, lane_rate) / 2 < 1 GB/s",
                                                         "recompute == 'layer' or mod(nodes, 3) != -1"};
  Random random{8};
  for (int i = 0; i < 20'000; ++i) {
    std::string text{kExpressions.at(static_cast<std::size_t>(random.below(kExpressions.size())))};
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) mutate(text, random);
    ASSERT_NO_THROW(test::check_expression_laws(text)) << "round " << i << ": " << text;
  }
}

}  // namespace
}  // namespace wafersim
