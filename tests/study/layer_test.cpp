// One layer at several sparsities.
#include "wafersim/study/layer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "wafersim/base/error.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

using namespace literals;

// 24 columns and 30 rows; 64 tokens for each row.
MachineSpec small_machine(std::vector<Override> overrides = {}) {
  overrides.push_back({"wafer.grid", "24x30"});
  return test::machine("cs2", overrides);
}
LayerRequest request(std::vector<Fraction> pruned, Fidelity fidelity = Fidelity::flow) {
  return {
      .out = 480, .in = 480, .tokens = 1920, .pruned = std::move(pruned), .fidelity = fidelity, .seed = 7};
}
constexpr Fraction kHalf{500'000'000};
constexpr Fraction kMost{900'000'000};

TEST(Layer, DividesTheCyclesOfEachLevelWithoutRest) {
  for (const Fidelity fidelity : {Fidelity::flow, Fidelity::folded}) {
    const LayerReport report = study_layer(small_machine(), request({kHalf, kMost}, fidelity));
    ASSERT_EQ(report.levels.size(), 3U);  // dense by itself
    for (const LayerLevel& level : report.levels) {
      const LayerTime& time = level.time;
      EXPECT_EQ(time.products + time.overhead + time.zeros + time.imbalance + time.reduction +
                    time.streaming + time.fill,
                time.total);
    }
  }
}

TEST(Layer, CountsTheMultiplyAddsOfTheMeanColumn) {
  const LayerReport report = study_layer(small_machine({{"wafer.mapping.groups", "2"}}), request({kHalf}));
  // 2 groups of 12 columns: 40 features each; 1,920 tokens on 60 rows: 32, two a cycle.
  const LayerLevel& dense = report.levels[0];
  EXPECT_EQ(dense.columns, 12U);
  EXPECT_EQ(dense.tokens_per_pe, 32U);
  EXPECT_EQ(dense.time.products, Cycles{480 * 40 * 16});
  EXPECT_EQ(dense.time.imbalance, Cycles{});
  EXPECT_EQ(dense.speedup, 1.0);
  EXPECT_EQ(dense.streamed, Bytes{480 * 480 * 2});
  // Half of 230,400 weights stay, each with an index.
  const LayerLevel& half = report.levels[1];
  EXPECT_EQ(half.kept, 115'200U);
  EXPECT_EQ(half.streamed, Bytes{115'200 * 4});
  EXPECT_EQ(half.ideal, 2.0);
  EXPECT_LT(half.speedup, half.ideal);
  EXPECT_GT(half.time.imbalance, Cycles{});
}

TEST(Layer, IsByClosedFormsWhatItIsOnTheMeshWithinATenth) {
  const LayerReport flow = study_layer(small_machine(), request({kHalf, kMost}));
  const LayerReport folded = study_layer(small_machine(), request({kHalf, kMost}, Fidelity::folded));
  for (std::size_t i = 0; i < flow.levels.size(); ++i) {
    EXPECT_EQ(folded.levels[i].outputs_run, 480U);
    EXPECT_EQ(folded.levels[i].flow, flow.levels[i].flow);
    const auto ratio = static_cast<double>(folded.levels[i].time.total.count()) /
                       static_cast<double>(flow.levels[i].time.total.count());
    EXPECT_NEAR(ratio, 1, 0.1) << i;  // the ladder's allowance
  }
}

TEST(Layer, IsLimitedByStreamingWhereLanesAreSlow) {
  const MachineSpec slow = small_machine({{"wafer.io.lane_rate", "8 Mb/s"}});
  const LayerReport report = study_layer(slow, request({kMost}));
  for (const LayerLevel& level : report.levels) {
    EXPECT_EQ(level.limit, "streaming");
    // 12 lanes of 1 MB/s, at 1.1 GHz, to a cycle's rounding; the wafer works beside it.
    const double stream = static_cast<double>(level.streamed.count()) * 1100 / 12;
    EXPECT_NEAR(static_cast<double>((level.time.total - level.time.fill).count()), stream, 1);
  }
}

TEST(Layer, TakesNoNoticeOfTheSoftwaresEfficiency) {
  const LayerReport ideal = study_layer(small_machine(), request({kHalf}));
  const LayerReport half =
      study_layer(small_machine({{"wafer.software_efficiency", "0.5"}}), request({kHalf}));
  EXPECT_EQ(ideal.levels[1].time.total, half.levels[1].time.total);
}

TEST(Layer, StreamsFp32WeightsInFourBytesAndTheirIndicesInAsMany) {
  LayerRequest full = request({kHalf});
  full.arithmetic = Arithmetic::fp32;
  const LayerReport report = study_layer(small_machine(), full);
  EXPECT_EQ(report.levels[0].streamed, Bytes{480 * 480 * 4});
  EXPECT_EQ(report.levels[1].streamed, Bytes{115'200 * 8});  // an index needs a wavelet of its own
}

TEST(Layer, HasNoProgramForIndexedFp32Weights) {
  LayerRequest full = request({kHalf}, Fidelity::folded);
  full.arithmetic = Arithmetic::fp32;
  full.out = full.in = full.tokens = 48;
  EXPECT_THROW((void)study_layer(small_machine(), full), DoesNotFit);
}

LayerLevel masked(MaskPattern mask, const char* skip_block, Fidelity fidelity = Fidelity::flow) {
  LayerRequest asked = request(mask.of > 0 ? std::vector<Fraction>{} : std::vector{kMost}, fidelity);
  asked.mask = mask;
  return study_layer(small_machine({{"wafer.mapping.groups", "2"}, {"wafer.pe.skip_block", skip_block}}),
                     asked)
      .levels.at(1);
}

TEST(Layer, FillsTheBlocksThatCoresCannotSkip) {
  const LayerLevel each = masked({}, "1");
  EXPECT_EQ(each.sent, each.kept);
  EXPECT_EQ(each.time.zeros, Cycles{});
  // A block of 16 is empty with a probability of 0.9^16 = 0.1853: 0.8147 of 230,400 weights are sent.
  const LayerLevel blocks = masked({}, "16");
  EXPECT_EQ(blocks.kept, 23'040U);
  EXPECT_NEAR(static_cast<double>(blocks.sent), 230'400 * 0.8147, 230'400 * 0.01);
  EXPECT_EQ(blocks.streamed, Bytes{blocks.sent * 4});
  EXPECT_EQ(blocks.ideal, 10.0);
  EXPECT_LT(blocks.speedup, each.speedup / 4);
  EXPECT_EQ(blocks.limit, "zeros that fill up blocks");
  // What arrives costs the same whether it is a zero or not: 23,040 of those sent are none.
  const LayerTime& time = blocks.time;
  const double worked = static_cast<double>((time.products + time.overhead + time.zeros).count());
  EXPECT_NEAR(static_cast<double>(time.zeros.count()) / worked, 1 - 23'040 / static_cast<double>(blocks.sent),
              1e-3);
}

TEST(Layer, FillsNothingOfMasksThatPruneWholeBlocks) {
  const LayerLevel each = masked({.block = 16}, "1");
  const LayerLevel blocks = masked({.block = 16}, "16");
  EXPECT_EQ(blocks.sent, blocks.kept);
  EXPECT_EQ(blocks.time.total, each.time.total);
  // Blocks of 16 among 40 inputs of a column: less even than weight by weight.
  EXPECT_GT(blocks.time.imbalance, masked({}, "1").time.imbalance);
}

TEST(Layer, FillsBlocksOnTheMeshAsByClosedForms) {
  LayerRequest asked = request({kMost}, Fidelity::folded);
  asked.out = asked.in = 192;
  asked.mask = {.block = 4};
  const LayerLevel level = study_layer(small_machine({{"wafer.pe.skip_block", "16"}}), asked).levels.at(1);
  EXPECT_GT(level.sent, level.kept);
  EXPECT_EQ(level.outputs_run, 192U);
  const Cycles busy = level.time.total - level.time.fill - level.time.streaming;
  EXPECT_NEAR(static_cast<double>(busy.count()) / static_cast<double>(level.flow.count()), 1, 0.1);
}

TEST(Layer, LoadsColumnsEvenlyWithNOfM) {
  const LayerLevel half = masked({.of = 4, .keep = 2}, "1");
  EXPECT_EQ(half.pruned, kHalf);
  EXPECT_EQ(half.kept, 115'200U);
  // 40 inputs of a column are ten groups of four: each column keeps 20 of every output feature.
  EXPECT_EQ(half.time.imbalance, Cycles{});
  EXPECT_EQ(half.time.products, Cycles{480 * 20 * 16});
}

TEST(Layer, SaysWhichMasksWouldWork) {
  const auto complaint = [](LayerRequest asked) -> std::string {
    try {
      (void)study_layer(small_machine(), asked);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  LayerRequest wrong = request({kHalf});
  wrong.mask = {.of = 4, .keep = 2};
  EXPECT_NE(complaint(wrong).find("the mask 2:4 fixes the level 0.5: leave --sparsity out, or take --mask "
                                  "uniform or block:SIZE"),
            std::string::npos);
  wrong.pruned.clear();
  wrong.in = 478;
  EXPECT_NE(complaint(wrong).find("a multiple of 4, such as 480, got 478"), std::string::npos);
  wrong.mask = {.of = 512, .keep = 2};
  EXPECT_NE(complaint(wrong).find("of more than 256"), std::string::npos);
  wrong.mask = {.block = 65};
  EXPECT_NE(complaint(wrong).find("larger blocks than 64"), std::string::npos);
}

TEST(Layer, RefusesWhatItCannotMean) {
  LayerRequest empty = request({});
  empty.tokens = 0;
  EXPECT_THROW((void)study_layer(small_machine(), empty), InputError);
  EXPECT_THROW((void)study_layer(small_machine(), request({Fraction{Fraction::kOne}})), InputError);
  LayerRequest full = request({kHalf});
  full.tokens = 10'000'000;
  EXPECT_THROW((void)study_layer(small_machine(), full), DoesNotFit);
}

TEST(Layer, WritesTheSameNumbersInEveryForm) {
  const LayerReport report = study_layer(small_machine(), request({kMost}));
  const auto json = nlohmann::json::parse(write_json(report));
  EXPECT_EQ(json["schema"], "wafersim.layer/1");
  EXPECT_EQ(json["levels"][1]["cycles"], report.levels[1].time.total.count());
  EXPECT_NE(write_csv(report).find("0.9,23040,23040,"), std::string::npos);
  const std::string text = write_text(report);
  EXPECT_NE(text.find("dense"), std::string::npos);
  EXPECT_NE(text.find(report.levels[1].limit), std::string::npos);
}

}  // namespace
}  // namespace wafersim
