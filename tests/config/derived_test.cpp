// The derived figures are the products that a reader would work out by hand.
#include "wafersim/config/derived.hpp"

#include <gtest/gtest.h>

#include "wafersim/config/machine.hpp"

#include "config/shipped_machines.hpp"

namespace wafersim {
namespace {

MachineSpec cs2() {
  return load_machine(test::shipped_machine("cs2.yaml"));
}

TEST(DerivedFigures, OfTheCs2AreWorkedOutByHand) {
  const MachineSpec machine = cs2();
  const WaferSpec& wafer = machine.wafer;
  EXPECT_EQ(core_count(wafer), 850'584U);                                    // 854 x 996
  EXPECT_EQ(peak_flops(wafer), 7'485'139'200'000'000U);                      // x 4 x 2 x 1.1e9
  EXPECT_EQ(total_sram(wafer), Bytes{41'807'904'768});                       // x 49,152
  EXPECT_EQ(tensor_sram(wafer), Bytes{33'533'423'616});                      // x (49,152 - 8192 - 1024 - 512)
  EXPECT_EQ(sram_bandwidth(wafer), BytesPerSecond{22'455'417'600'000'000});  // x 24 x 1.1e9
  EXPECT_EQ(fabric_bandwidth(wafer), BytesPerSecond{29'940'556'800'000'000});  // x 32 x 1.1e9
  EXPECT_EQ(bisection_across_x(wafer), BytesPerSecond{8'764'800'000'000});     // 996 x 8 x 1.1e9
  EXPECT_EQ(bisection_across_y(wafer), BytesPerSecond{7'515'200'000'000});     // 854 x 8 x 1.1e9
  EXPECT_EQ(io_bandwidth(wafer.io), BytesPerSecond{150'000'000'000});          // 1.2 Tb/s
  EXPECT_EQ(balance_tokens(wafer, 2), 49'901U);  // 3.7425696e15 x 2 / 1.5e11 = 49,900.9
  EXPECT_EQ(balance_tokens(wafer, 4), 99'802U);  // twice that: 99,801.9
  EXPECT_EQ(memoryx_capacity(machine.memoryx), Bytes{2'414'534'169'329'664});  // 12 x (1128 GiB + 200 TB)
  EXPECT_EQ(adam_parameters(machine.memoryx), 120'726'708'466'483U);           // / 20
}

TEST(DerivedFigures, StandWithinAFewPercentOfThePublishedOnes) {
  for (const DerivedFigure& figure : derived_figures(cs2())) {
    if (!figure.published) continue;
    // The published bandwidths belong to a clock near 1.0 GHz, not 1.1; and 40 GB is rounded from 41.8.
    const double ratio = static_cast<double>(figure.value) / static_cast<double>(*figure.published);
    EXPECT_GT(ratio, 0.99) << figure.name;
    EXPECT_LT(ratio, 1.13) << figure.name;
  }
}

TEST(DerivedFigures, NarrowPortsLimitTheLanes) {
  WaferIoSpec io = cs2().wafer.io;
  io.ports = 100;
  EXPECT_EQ(io_bandwidth(io), BytesPerSecond{125'000'000'000});  // 100 x 10 Gb/s
}

TEST(TreeLevels, GrowWithTheLogarithmOfTheNodes) {
  const SwarmXSpec swarmx = cs2().swarmx;
  EXPECT_EQ(tree_fanouts(swarmx, 1).size(), 0U);
  EXPECT_EQ(tree_fanouts(swarmx, 4).size(), 1U);
  EXPECT_EQ(tree_fanouts(swarmx, 5).size(), 2U);
  EXPECT_EQ(tree_fanouts(swarmx, 192).size(), 4U);  // 4^3 = 64 < 192 <= 256
}

TEST(DerivedFigures, StayInRangeAtTheBoundsOfAMachineFile) {
  MachineSpec machine = cs2();
  machine.wafer.grid = {.columns = 10'000, .rows = 10'000};
  machine.wafer.clock = Hertz{1'000'000'000};  // 10^17 PE cycles a second, the most that is read
  machine.wafer.pe.fmacs_fp16 = 64;
  machine.wafer.pe.sram_read_per_cycle = machine.wafer.pe.sram_write_per_cycle = Bytes{64};
  machine.wafer.fabric.wavelet = Bytes{16};
  machine.memoryx.shards = 1024;
  machine.memoryx.dram.capacity = machine.memoryx.flash.capacity = Bytes{1ULL << 50U};
  EXPECT_NO_THROW((void)derived_figures(machine));
}

}  // namespace
}  // namespace wafersim
