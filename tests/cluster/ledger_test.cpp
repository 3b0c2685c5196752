// Each law of the ledger is broken on purpose, and seen.
#include "wafersim/cluster/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wafersim/cluster/attribution.hpp"

namespace wafersim {
namespace {

using namespace literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RunLedger sound() {
  RunLedger ledger;
  ledger.nodes = 4;
  ledger.lanes = {{.expected_down = {10, 20_B},
                   .sent_down = {10, 20_B},
                   .expected_up = {5, 10_B},
                   .received_up = {5, 10_B},
                   .trains_up = 3,
                   .contributions_up = 12}};
  ledger.expected_at_node = {10, 20_B};
  ledger.expected_from_node = {5, 10_B};
  ledger.node_counts = {{.received = {10, 20_B}, .sent = {5, 10_B}}};
  ledger.busy = {{.station = "link", .busy = 99_ps, .elapsed = 100_ps}};
  ledger.waits = {{.operation = "forward of a", .total = 10_cyc, .busy = 7_cyc, .waited = 3_cyc}};
  ledger.flops_expected = 100;
  ledger.flops_counted = 100;
  ledger.step = 10_cyc;
  ledger.parts[index_of(Part::compute)] = 7_cyc;
  ledger.parts[index_of(Part::io)] = 3_cyc;
  ledger.layer_parts = {ledger.parts};
  return ledger;
}

TEST(Ledger, OfASoundRunBreaksNoLaw) {
  EXPECT_THAT(violations(sound()), IsEmpty());
}

TEST(Ledger, SeesAWeightThatMemoryXDidNotSend) {
  RunLedger ledger = sound();
  ledger.lanes[0].sent_down.weights = 9;
  EXPECT_THAT(violations(ledger),
              ElementsAre(HasSubstr("weights out of MemoryX on lane 0: 10 weights expected, 9")));
}

TEST(Ledger, SeesAByteThatANodeDidNotReceive) {
  RunLedger ledger = sound();
  ledger.node_counts[0].received.bytes = 19_B;
  EXPECT_THAT(violations(ledger), ElementsAre(HasSubstr("weights into node 0: 20 bytes expected, 19")));
}

TEST(Ledger, SeesAGradientThatANodeSentTwice) {
  RunLedger ledger = sound();
  ledger.node_counts[0].sent.weights = 10;
  EXPECT_THAT(violations(ledger), ElementsAre(HasSubstr("gradients out of node 0: 5 weights expected, 10")));
}

TEST(Ledger, SeesGradientBytesLostOnTheWayToMemoryX) {
  RunLedger ledger = sound();
  ledger.lanes[0].received_up.bytes = 8_B;
  EXPECT_THAT(violations(ledger),
              ElementsAre(HasSubstr("gradients into MemoryX on lane 0: 10 bytes expected, 8")));
}

TEST(Ledger, SeesANodeThatWasLeftOutOfASum) {
  RunLedger ledger = sound();
  ledger.lanes[0].contributions_up = 11;
  EXPECT_THAT(violations(ledger), ElementsAre(HasSubstr("11 contributions in 3 trains from 4 nodes")));
}

TEST(Ledger, SeesAnOperationThatWasNotCounted) {
  RunLedger ledger = sound();
  ledger.flops_counted = 98;
  EXPECT_THAT(violations(ledger), ElementsAre(HasSubstr("100 floating-point operations expected, 98")));
}

TEST(Ledger, SeesAStationBusierThanTimeAllows) {
  RunLedger ledger = sound();
  ledger.busy[0].busy = 101_ps;
  EXPECT_THAT(violations(ledger), ElementsAre(HasSubstr("link was busy for 101 ps of 100 ps")));
}

TEST(Ledger, SeesAWaitThatDoesNotAddUp) {
  RunLedger ledger = sound();
  ledger.waits[0].waited = 2_cyc;
  EXPECT_THAT(violations(ledger), ElementsAre(HasSubstr("7 cycles busy and 2 waiting do not make 10")));
}

TEST(Ledger, SeesPartsThatDoNotSumToTheStep) {
  RunLedger ledger = sound();
  ledger.step = 11_cyc;
  EXPECT_THAT(violations(ledger), ElementsAre(HasSubstr("the parts sum to 10 cycles, the step has 11")));
}

TEST(Ledger, SeesLayersThatDoNotSumToAPart) {
  RunLedger ledger = sound();
  ledger.layer_parts[0][index_of(Part::io)] = 4_cyc;
  EXPECT_THAT(violations(ledger), ElementsAre(HasSubstr("io: the layers sum to 4 cycles, the step has 3")));
}

RC_GTEST_PROP(Split, SumsExactlyAndGivesNothingToWhatHasNoWeight, ()) {
  std::array<std::uint64_t, kParts> weights{};
  for (std::uint64_t& weight : weights) weight = *rc::gen::inRange<std::uint64_t>(0, 1000);
  weights[3] = 0;
  weights[0] = 1;
  const Cycles whole{*rc::gen::inRange<std::uint64_t>(0, 1'000'000)};
  const CyclesByPart shares = split(whole, weights, Part::fill);
  Cycles sum;
  for (const Cycles share : shares) sum += share;
  RC_ASSERT(sum == whole);
  RC_ASSERT(shares[3] == 0_cyc);
}

TEST(Split, WithoutAnyWeightGoesToTheFallback) {
  EXPECT_EQ(split(5_cyc, {}, Part::fill)[index_of(Part::fill)], 5_cyc);
}

}  // namespace
}  // namespace wafersim
