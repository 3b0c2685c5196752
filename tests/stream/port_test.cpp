// A train crosses from port to port, and the credit comes back at once or later.
#include "wafersim/stream/port.hpp"

#include <optional>

#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"

namespace wafersim {
namespace {

using namespace literals;

struct Pair : sc_core::sc_module {
  std::optional<Train> seen;
  std::optional<Picoseconds> credit;
  bool accept_at_once{true};
  OutPort out{"out", [this](const Train&, const Stamp& tail) { credit = tail.at; }};
  InPort in{"in", [this](const Train& train, const Passage& passage) {
              seen = train;
              if (accept_at_once) in.accept(passage.tail);
            }};
  explicit Pair(const sc_core::sc_module_name& name) : sc_module{name} { out.socket.bind(in.socket); }
};

const Train kTrain{
    .op = 3, .step = 1, .layer = 2, .sequence = 5, .offset = 77, .bytes = 1000_B, .weights = 500};
const Passage kPassage{.head = {.at = 10_ps}, .tail = {.at = 90_ps}};

TEST(Port, ATrainThatIsAcceptedAtOnceReturnsItsCreditInTheCall) {
  Pair pair{"pair"};
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  pair.out.send(kTrain, kPassage);
  ASSERT_TRUE(pair.seen);
  EXPECT_EQ(pair.seen->layer, 2U);
  EXPECT_EQ(pair.seen->sequence, 5U);
  EXPECT_EQ(pair.credit, 90_ps);
  EXPECT_FALSE(pair.out.busy());
}

TEST(Port, ASecondTrainBeforeTheCreditIsAFault) {
  Pair pair{"pair"};
  pair.accept_at_once = false;
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  pair.out.send(kTrain, kPassage);
  EXPECT_TRUE(pair.out.busy());
  EXPECT_THROW(pair.out.send(kTrain, kPassage), InternalFault);
  pair.in.accept({.at = 120_ps});
  EXPECT_EQ(pair.credit, 120_ps);
  EXPECT_THROW(pair.in.accept({.at = 120_ps}), InternalFault);
}

}  // namespace
}  // namespace wafersim
