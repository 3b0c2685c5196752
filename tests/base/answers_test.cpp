// Answers that are found once, and passed on.
#include "wafersim/base/answers.hpp"

#include <gtest/gtest.h>

namespace wafersim {
namespace {

using Numbers = Answers::Numbers;

TEST(Answers, AreFoundOncePerFunctionAndArguments) {
  int searches = 0;
  const auto ask = [&](const char* function, const Numbers& arguments) {
    return Answers::to(function).recall(arguments, [&] {
      ++searches;
      return Numbers{arguments.size(), 7};
    });
  };
  EXPECT_EQ(ask("once", {1, 2}), (Numbers{2, 7}));
  EXPECT_EQ(ask("once", {1, 2}), (Numbers{2, 7}));
  EXPECT_EQ(searches, 1);
  EXPECT_EQ(ask("once", {1, 2, 3}), (Numbers{3, 7}));  // longer
  EXPECT_EQ(ask("once", {}), (Numbers{0, 7}));
  EXPECT_EQ(ask("another", {1, 2}), (Numbers{2, 7}));
  EXPECT_EQ(searches, 4);
}

TEST(Answers, AreNewsOnceAndKnownWhereTheyWereLearnt) {
  (void)Answers::take_news();
  constexpr std::uint64_t kLargest = ~std::uint64_t{0};
  (void)Answers::to("told").recall({kLargest, 0}, [] { return Numbers{1, kLargest}; });
  (void)Answers::to("silent").recall({}, [] { return Numbers{}; });
  const std::string news = Answers::take_news();
  EXPECT_EQ(news, "silent:=;|told: 18446744073709551615 0= 1 18446744073709551615;|");
  EXPECT_EQ(Answers::take_news(), "");

  Answers::learn("learnt: 5 6= 1 18446744073709551615; 8= 9;|empty:=;|");
  const auto never = []() -> Numbers { throw std::logic_error{"it should have been known"}; };
  EXPECT_EQ(Answers::to("learnt").recall({5, 6}, never), (Numbers{1, kLargest}));
  EXPECT_EQ(Answers::to("learnt").recall({8}, never), (Numbers{9}));
  EXPECT_EQ(Answers::to("empty").recall({}, never), Numbers{});
  EXPECT_EQ(Answers::take_news(), "") << "what was learnt is no news";
}

TEST(Answers, AreAddedWhereSomethingLargerFoundThem) {
  (void)Answers::take_news();
  Answers& halves = Answers::to("halves");
  EXPECT_EQ(halves.known({1}), nullptr);
  halves.add({1}, {7});
  ASSERT_NE(halves.known({1}), nullptr);
  EXPECT_EQ(*halves.known({1}), (Numbers{7}));
  EXPECT_EQ(halves.known({2}), nullptr);
  EXPECT_EQ(Answers::take_news(), "halves: 1= 7;|");
}

TEST(Answers, StopBeingKeptAtSomeSize) {
  Answers& full = Answers::to("full");
  for (std::uint64_t i = 0; i < 20'000; ++i) (void)full.recall({i}, [&] { return Numbers{i}; });
  (void)Answers::take_news();
  EXPECT_EQ(full.recall({20'000}, [] { return Numbers{1}; }), (Numbers{1}));
  EXPECT_EQ(full.recall({20'000}, [] { return Numbers{2}; }), (Numbers{2})) << "found again";
  EXPECT_EQ(Answers::take_news(), "");
  EXPECT_EQ(full.recall({19'999}, [] { return Numbers{}; }), (Numbers{19'999}));
}

}  // namespace
}  // namespace wafersim
