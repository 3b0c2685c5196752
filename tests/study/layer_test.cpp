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
      EXPECT_EQ(time.products + time.overhead + time.imbalance + time.reduction + time.streaming + time.fill,
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
  EXPECT_NE(write_csv(report).find("0.9,23040,"), std::string::npos);
  const std::string text = write_text(report);
  EXPECT_NE(text.find("dense"), std::string::npos);
  EXPECT_NE(text.find(report.levels[1].limit), std::string::npos);
}

}  // namespace
}  // namespace wafersim
