// One PE on its own: what a vector instruction, a task and a conflict cost.
#include <gtest/gtest.h>

#include "wafersim/mesh/arithmetic.hpp"
#include "wafersim/mesh/engine.hpp"

namespace wafersim {
namespace {

// Cycles from cycle 0 to the end of one vector instruction in the entry task.
std::uint64_t cycles_of(const VectorInstruction& instruction) {
  Layout layout{{1, 1}};
  layout.program({}, {.name = "one",
                      .memory_bytes = 45'056,
                      .tasks = {{.name = "one", .body = {instruction}}},
                      .entry = TaskId{0}});
  const auto engine = make_fast_engine(layout.build());
  EXPECT_EQ(engine->run().status, MeshStatus::finished);
  return engine->activity({}).last_end;
}

VectorInstruction add(std::uint32_t length, std::uint32_t second) {
  return {.operation = Operation::add,
          .to = MemoryVector{40'000 - 4 * length},
          .a = MemoryVector{0},
          .b = MemoryVector{second},
          .length = length};
}

// source: SpMM on CS-2 benchmarks: 1,028 FP32 elements take 1,034 cycles, 2,062 with a bank conflict.
TEST(Core, VectorInstructionTakesOneCycleAnElementPlusSix) {
  EXPECT_EQ(cycles_of(add(1028, 4 * 1028 + 4)), 1034U);  // banks 0 and 5
  EXPECT_EQ(cycles_of(add(5124, 4 * 5124 + 4)), 5130U);
}

TEST(Core, BankConflictDoublesIt) {
  EXPECT_EQ(cycles_of(add(1028, 4 * 1028)), 2062U);  // banks 0 and 4: the same half
}

TEST(Core, HalfPrecisionTakesFourElementsACycle) {
  VectorInstruction it = add(128, 1028);
  it.precision = Precision::f16;
  EXPECT_EQ(cycles_of(it), 128U / 4 + 6);
}

TEST(Core, AccumulatingSinglesInMemoryTakesTwoCyclesAnElementAndTenToStart) {
  VectorInstruction it{.operation = Operation::accumulate,
                       .to = MemoryVector{1024},
                       .a = MemoryVector{0},
                       .b = Immediate::f32(2.0F),
                       .length = 64};
  EXPECT_EQ(cycles_of(it), 2U * 64 + 64 / 8 + 10);  // one cycle more every 8 elements
}

VectorInstruction half_accumulate(std::uint32_t from, std::uint32_t to) {
  return {.operation = Operation::accumulate,
          .precision = Precision::f16,
          .to = MemoryVector{to},
          .a = MemoryVector{from},
          .b = Immediate{0x3c00},
          .length = 32};
}

// source: Cerebras SDK documentation: full width needs two reads that lie 4 modulo 8 16-bit words apart.
TEST(Core, AccumulatingHalvesRunsAtFullWidthWhenSourceAndSumLieInOppositeHalves) {
  EXPECT_EQ(cycles_of(half_accumulate(0, 1032)), 10U + 32 / 4);      // 8 bytes apart, modulo 16
  EXPECT_EQ(cycles_of(half_accumulate(0, 1024)), 10U + 2 * 32 / 4);  // 0 apart
  EXPECT_EQ(cycles_of(half_accumulate(2, 1032)), 10U + 2 * 32 / 4);  // 6 apart
}

// y[0..3) += A[0..3)[k] · x[k] for three k: a beat for 3 of the 4 lanes, and one cycle between two rows.
TEST(Core, ARepeatedInstructionTakesOneCycleMoreForEachFurtherRow) {
  VectorInstruction it = half_accumulate(0, 1032);
  it.a = MemoryVector{.address = 0};
  it.to = MemoryVector{.address = 1032, .period = 3};
  it.b = MemoryVector{.address = 512, .hold = 3};
  it.length = 9;
  it.row = 3;
  // Rows begin at bytes 0, 6 and 12 modulo 16, and only 0 lies 8 from 1032: beats of 1, 2 and 2 cycles.
  EXPECT_EQ(cycles_of(it), 10U + 1 + (1 + 2) + (1 + 2));
}

TEST(Core, ARepeatedInstructionMultipliesATileByAVector) {
  VectorInstruction it = half_accumulate(0, 48);
  it.a = MemoryVector{.address = 0};
  it.to = MemoryVector{.address = 48, .period = 3};
  it.b = MemoryVector{.address = 32, .hold = 3};
  it.length = 6;
  it.row = 3;
  Layout layout{{1, 1}};
  layout.program(
      {}, {.name = "one", .memory_bytes = 64, .tasks = {{.name = "one", .body = {it}}}, .entry = TaskId{0}});
  const auto engine = make_fast_engine(layout.build());
  const auto pair = [](float low, float high) {
    return f32_to_f16(low) | static_cast<std::uint32_t>(f32_to_f16(high)) << 16U;
  };
  engine->write_memory({}, 0, std::vector{pair(1, 2), pair(3, 4), pair(5, 6)});  // columns (1 2 3), (4 5 6)
  engine->write_memory({}, 32, std::vector{pair(10, 100)});
  EXPECT_EQ(engine->run().status, MeshStatus::finished);
  EXPECT_EQ(engine->read_memory({}, 48, 2), (std::vector{pair(410, 520), pair(630, 0)}));
}

TEST(Core, RowsThatDoNotFillAnInstructionAreRefused) {
  VectorInstruction it = half_accumulate(0, 1032);
  it.row = 5;
  Layout layout{{1, 1}};
  layout.program(
      {},
      {.name = "one", .memory_bytes = 2048, .tasks = {{.name = "one", .body = {it}}}, .entry = TaskId{0}});
  EXPECT_THROW((void)layout.build(), InputError);
}

// A data task multiplies each wavelet into two elements.
TEST(Core, EachWaveletStartsItsDataTask) {
  constexpr Color kRed{3};
  Layout layout{{2, 1}};
  layout.route(kRed, {}, {{Port::ramp, Port::east}}).route(kRed, {.x = 1}, {{Port::west, Port::ramp}});
  layout.program(
      {},
      {.name = "source",
       .memory_bytes = 64,
       .tasks = {{.name = "send",
                  .body = {VectorInstruction{.to = FabricOutput{kRed}, .a = MemoryVector{}, .length = 3}}}},
       .entry = TaskId{0}});
  layout.program({.x = 1}, {.name = "axpy",
                            .memory_bytes = 64,
                            .tasks = {{.name = "axpy",
                                       .started_by = kRed,
                                       .body = {VectorInstruction{.operation = Operation::accumulate,
                                                                  .to = MemoryVector{8},
                                                                  .a = MemoryVector{0},
                                                                  .b = Register{kWaveletRegister},
                                                                  .length = 2}}}}});
  const auto engine = make_fast_engine(layout.build());
  const auto f = [](float value) { return std::bit_cast<std::uint32_t>(value); };
  engine->write_memory({0, 0}, 0, std::vector{f(1), f(2), f(3)});
  engine->write_memory({1, 0}, 0, std::vector{f(10), f(100)});
  EXPECT_EQ(engine->run().status, MeshStatus::finished);
  EXPECT_EQ(engine->read_memory({1, 0}, 8, 2), (std::vector{f(60), f(600)}));  // (1 + 2 + 3) · x
  EXPECT_EQ(engine->counts().tasks, 1U + 3U);
  // The first wavelet is issued in cycle 6 and can be read 6 later; tasks: dispatch 4, then 2 each when the
  // same one repeats; start-up 10, two elements of 2 cycles.
  EXPECT_EQ(engine->activity({1, 0}).last_end, 6U + 6 + (4 + 14) + 2 * (2 + 14));
}

// Of indexed wavelets, a sender that filters keeps those of value zero back, of either sign, but not one that
// carries the control bit; reading them takes as long.
TEST(Core, AFilterSendsWhatIsNotZeroAndSpendsTheBeat) {
  constexpr Color kRed{3};
  const auto run = [&](bool skips_zeros, LastWavelet last, const std::vector<std::uint32_t>& expected) {
    Layout layout{{2, 1}};
    layout.route(kRed, {}, {{Port::ramp, Port::east}}).route(kRed, {.x = 1}, {{Port::west, Port::ramp}});
    const auto program = [](const std::string& name, const VectorInstruction& it) {
      return Program{
          .name = name, .memory_bytes = 64, .tasks = {{.name = name, .body = {it}}}, .entry = TaskId{0}};
    };
    layout.program(
        {}, program("send",
                    {.to = FabricOutput{kRed, last, {}, {}, skips_zeros}, .a = MemoryVector{}, .length = 5}));
    layout.program({.x = 1}, program("take", {.to = MemoryVector{},
                                              .a = FabricInput{kRed},
                                              .length = static_cast<std::uint32_t>(expected.size())}));
    const auto engine = make_fast_engine(layout.build());
    engine->write_memory(
        {0, 0}, 0,
        std::vector<std::uint32_t>{0x0000'0005, 0x0001'0000, 0x0002'8000, 0x0003'0007, 0x0004'0000});
    EXPECT_EQ(engine->run().status, MeshStatus::finished);
    EXPECT_EQ(engine->read_memory({1, 0}, 0, static_cast<std::uint32_t>(expected.size())), expected);
    EXPECT_EQ(engine->activity({0, 0}).datapath, 5U);
    return engine->activity({1, 0}).last_end;
  };
  const std::uint32_t five = 0x0000'0005;
  const std::uint32_t seven = 0x0003'0007;
  const std::uint32_t end = 0x0004'0000;
  const std::uint64_t all = run(false, LastWavelet::control, {five, 0x0001'0000, 0x0002'8000, seven, end});
  EXPECT_EQ(run(true, LastWavelet::control, {five, seven, end}),
            all);                                                    // the last one comes when it came before
  EXPECT_EQ(run(true, LastWavelet::plain, {five, seven}), all - 1);  // sent a cycle before that
}

TEST(Engine, FindsADeadlockInTheCycleItHappens) {
  constexpr Color kRed{0};
  Layout layout{{2, 1}};
  layout.route(kRed, {}, {{Port::ramp, Port::east}}).route(kRed, {.x = 1}, {{Port::west, Port::ramp}});
  const auto task = [&](const VectorInstruction& it) {
    return Program{
        .name = "p", .memory_bytes = 64, .tasks = {{.name = "t", .body = {it}}}, .entry = TaskId{0}};
  };
  layout.program({}, task({.to = FabricOutput{kRed}, .a = MemoryVector{}, .length = 3}));
  layout.program({.x = 1}, task({.to = MemoryVector{}, .a = FabricInput{kRed}, .length = 4}));
  const auto engine = make_fast_engine(layout.build());
  const MeshOutcome outcome = engine->run();
  EXPECT_EQ(outcome.status, MeshStatus::deadlock);
  EXPECT_EQ(outcome.cycles, Cycles{6 + 6 + 3});  // the third wavelet is the last thing that happens
}

}  // namespace
}  // namespace wafersim
