// The report that people read, to the letter.
#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/report/format.hpp"
#include "wafersim/report/run_report.hpp"

#include "report/outcome_fixture.hpp"

namespace wafersim {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kExpected = R"(Tiny on Toy: 2 nodes, 5 sequences and 5,120 tokens per node and step

  step          1,000 cycles, 909 ns
  first step    1,100 cycles
  throughput    11.0 M samples/s, 11.3 G tokens/s
  utilisation   25.0 % of the dense FP16 peak, 1.27 QFLOP done
  energy        500 mJ per step, cores and fabric of the wafers

Bottleneck: bound by compute: it takes 60.0 % of the step.

Where the cycles go
  part     cycles    share  step if infinitely fast    gain
  compute     600   60.0 %                      400  60.0 %
  fabric      400   40.0 %                      600  40.0 %
  io            0    0.0 %                    1,000   0.0 %
  swarmx        0    0.0 %                    1,000   0.0 %
  dram          0    0.0 %                    1,000   0.0 %
  flash         0    0.0 %                    1,000   0.0 %
  update        0    0.0 %                    1,000   0.0 %
  fill          0    0.0 %                    1,000   0.0 %
  step      1,000  100.0 %
  With io, swarmx, dram and flash infinitely fast together: 990 cycles, gain 1.0 %.

Layers: cycles of each, share of the step, and what each spends them on
  layer   kind        each   share  compute  fabric  waiting
  h.*.fc  linear  x2   300  60.0 %   66.7 %  33.3 %    0.0 %
  head    linear       400  40.0 %   50.0 %  50.0 %    0.0 %

Stations in one step, from the store to the cores
  station         moved   achieved       peak    busy
  memoryx.dram  5.00 kB  5.50 GB/s  11.0 GB/s  50.0 %

Memory (wafer.sram: of the fullest PE)
  memory         used  capacity          largest
  wafer.sram  38.2 kB   49.2 kB  77.7 %  activations

Plan
  3,000 parameters, 20 B each at MemoryX when dense
  2 micro-batches: 1 x 3 and 1 x 2 sequences
  mapping: 4 column groups
  gradients of the micro-batches are summed at MemoryX
  runner-up: 2 row bands, 12,345 cycles by closed forms, 40.0 kB of a PE
)";

TEST(RunText, ReadsLikeAnAnswer) {
  EXPECT_EQ(write_text(test::report()), kExpected);
}

TEST(RunText, SaysWhereSparsityWentAndWhatItCost) {
  RunReport report = test::report();
  SparsityOutcome sparsity;
  sparsity.weights_skipped = 9'000;
  sparsity.flops_skipped = 18'000'000;
  sparsity.bytes_skipped = Bytes{1'200};
  sparsity.dense_step_cycles = Cycles{4000};
  sparsity.ideal_step_cycles = Cycles{400};
  sparsity.speedup = 4.0;
  sparsity.ideal_speedup = 10.0;
  sparsity.lost_cycles[index_of(Part::fabric)] = 700;
  sparsity.lost_cycles[index_of(Part::io)] = -100;
  report.outcome.sparsity = sparsity;
  EXPECT_THAT(write_text(report),
              HasSubstr("Sparsity\n"
                        "  skipped   9,000 weights, 18.0 MFLOP per step\n"
                        "  streamed  1.20 kB less into each wafer than dense\n"
                        "  speed-up  4.00 over the dense step of 4,000 cycles; 10.00 would be ideal\n"
                        "  Where the step differs from the ideal 400 cycles:\n"
                        "  part    cycles beyond its ideal share  of the step\n"
                        "  fabric                           +700       70.0 %\n"
                        "  io                               -100      -10.0 %\n"));
}

TEST(RunText, SaysWhichLayersUseTheWaferBadlyAndWhatTheOthersReach) {
  RunReport report = test::report();
  std::vector<LayerOutcome>& layers = report.outcome.layers;
  layers[0].utilization = 0.02;
  layers[0].weakness = "16 tokens: a weight that arrives meets 1 in a PE (40 %)";
  layers[1].utilization = 0.01;
  layers[1].weakness =
      "16 tokens: a weight that arrives meets 1 in a PE (50 %); 16 tokens: its kernels fill (30 %)";
  layers[2].utilization = 0.3;
  const std::string title =
      "Layers that use the wafer badly: share of the dense FP16 peak, below a quarter of what their\n"
      "  arithmetic reaches at best, and why, with the share of their time that this takes\n";
  // Of layers that repeat it is the one that uses the wafer least.
  const std::string row =
      "  h.*.fc                     1.0 %  16 tokens: a weight that arrives meets 1 in a PE (50 %); 16\n"
      "                                    tokens: its kernels fill (30 %)\n";
  EXPECT_THAT(write_text(report), HasSubstr(title + row + "  The other reaches 30.0 % (head)\n"));
  layers.push_back(test::layer("tail", 1, 1));
  layers.back().utilization = 0.2;
  layers.push_back(test::layer("loss", 1, 1));  // has no products
  EXPECT_THAT(write_text(report),
              HasSubstr(title + row + "  The others reach 20.0 % (tail) to 30.0 % (head)\n"));
  layers = {LayerOutcome{layers[2]}};
  EXPECT_THAT(write_text(report), Not(HasSubstr("badly")));
}

TEST(RunText, SaysWhenTheStepIsNotSteady) {
  RunReport report = test::report();
  report.outcome.step.steady = false;
  EXPECT_THAT(write_text(report), HasSubstr("the steady state was not reached (raise cluster.steps)"));
}

TEST(RunText, FitsATerminalWhateverTheNames) {
  RunReport report = test::report();
  report.workload = test::named(std::string(200, 'w'));
  report.machine = test::named(std::string(200, 'm'));
  report.outcome.layers[0].name = std::string(300, 'x');
  report.outcome.layers[0].utilization = report.outcome.layers[1].utilization = 0.001;
  report.outcome.layers[0].weakness = "1 token: its kernels fill (90 %); it waits for its weights (10 %)";
  report.outcome.layers[2].name = std::string(300, 'z');
  report.outcome.layers[2].utilization = 1.0;
  report.outcome.memory[0].largest = std::string(300, 'y');
  report.outcome.nodes = 65'536;
  report.outcome.tokens_per_node = 1'000'000'000'000;
  report.outcome.step.cycles = Cycles{18'000'000'000'000'000'000ULL};
  report.outcome.parameters = 120'000'000'000'000;
  std::istringstream lines{write_text(report)};
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), 100U) << line;
}

TEST(RunText, PutsRelusOfOneFateTogether) {
  RunReport report = test::report();
  EXPECT_THAT(write_text(report), Not(HasSubstr("Zeros of activations")));
  constexpr Fraction kHalf{Fraction::kOne / 2};
  report.outcome.zeros = {{"h.0.act", kHalf, "h.0.fc", Cycles{1500}, Cycles{500}, ""},
                          {"h.1.act", kHalf, "h.1.fc", Cycles{1500}, Cycles{500}, ""},
                          {"last", kHalf, "", Cycles{}, Cycles{}, "others add their deltas"}};
  EXPECT_THAT(write_text(report), HasSubstr(R"(Zeros of activations
  0.5 of zeros behind 2 relus, first h.0.act: the same deltas of h.0.fc and so on are filtered;
    gradients there take 3,000 cycles, 1,000 fewer than without a filter.
  0.5 of zeros behind last: none filtered, as others add their deltas.
)"));
}

}  // namespace
}  // namespace wafersim
