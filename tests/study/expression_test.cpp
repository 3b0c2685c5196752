// Formulas of studies: what they give, and what they refuse.
#include "study/expression.hpp"

#include <gtest/gtest.h>

namespace wafersim::study_detail {
namespace {

std::string value(const std::string& text) {
  const auto lookup = [](const std::string& name) -> std::string {
    if (name == "nodes") return "4";
    if (name == "link.rate") return "100 Gb/s";
    if (name == "level") return "90 %";
    return "layer";
  };
  try {
    return text_of_value(Expression{text}.value(lookup));
  } catch (const ExpressionError& error) {
    return std::to_string(error.at()) + ": " + error.what();
  }
}

TEST(Expression, FollowsTheUsualPrecedence) {
  EXPECT_EQ(value("2 + 3 * nodes"), "14");
  EXPECT_EQ(value("(2 + 3) * -nodes"), "-20");
  EXPECT_EQ(value("20 - 4 - 3"), "13");
  EXPECT_EQ(value("1 + 1 == 2 and not 1 > 2 or 0"), "1");
  EXPECT_EQ(value("min(nodes, 3) + max(1, 2) + mod(7, 4) + floor(2.7) + ceil(2.1)"), "13");
}

TEST(Expression, KeepsWholeNumbersWholeAndSharesShort) {
  EXPECT_EQ(value("1e12 * nodes"), "4000000000000");
  EXPECT_EQ(value("0.1 + 0.2"), "0.3");
  EXPECT_EQ(value("1 - level"), "0.1");
  EXPECT_EQ(value("1_000 / 3"), "333.333333333");
}

TEST(Expression, CarriesUnits) {
  EXPECT_EQ(value("link.rate * 2"), "25 GB/s");
  EXPECT_EQ(value("link.rate / 25 Gb/s"), "4");
  EXPECT_EQ(value("link.rate >= 12.5 GB/s"), "1");
  EXPECT_EQ(value("3 us - 500 ns"), "2500 ns");
  EXPECT_EQ(value("link.rate * link.rate"), "10: a quantity times a quantity has a unit that no key has");
  EXPECT_EQ(value("link.rate + 1"), "10: the two sides have different units");
}

TEST(Expression, RefusesAQuantityOutsideItsRange) {
  // 2^63 = 9'223'372'036'854'775'808 base units; a double below it is at most 2^63 - 1,024. In 64 bits
  // without a sign there would be room for twice as many, but rounding would bend them.
  const std::string refusal = "0: a quantity must not be negative, nor 2^63 of its base unit or more";
  EXPECT_EQ(value("1 B * (9223372036854775808 - 1024)"), "9007199254740991 KiB");  // 2^53 - 1
  EXPECT_EQ(value("1 B * 9223372036854775808"), refusal);
  EXPECT_EQ(value("1 B * 18446744073709549568"), refusal);  // 2^64 - 2,048
  EXPECT_EQ(value("1 B/s * 9223372036854775808"), refusal);
  EXPECT_EQ(value("1 Hz * 9223372036854775808"), refusal);
  EXPECT_EQ(value("1 ps * 9223372036854775808"), refusal);
  EXPECT_EQ(value("1 ps - 2 ps"), refusal);
}

TEST(Expression, ComparesWords) {
  EXPECT_EQ(value("recompute == 'layer'"), "1");
  EXPECT_EQ(value("recompute != 'layer'"), "0");
  EXPECT_EQ(value("recompute + 1"), "10: 'layer' is not a number");
}

TEST(Expression, SaysWhereItStopsMakingSense) {
  EXPECT_EQ(value("2 *"), "3: ends too early");
  EXPECT_EQ(value("2 3"), "2: did not expect '3'");
  EXPECT_EQ(value("(2"), "2: expected ')'");
  EXPECT_EQ(value("sqrt(2)"), "0: there is no function 'sqrt' (min, max, mod, floor, ceil)");
  EXPECT_EQ(value("min(2)"), "0: min takes two arguments");
  EXPECT_EQ(value("1 / (nodes - 4)"), "2: division by zero");
  EXPECT_EQ(value("'x"), "0: the quote is not closed");
  EXPECT_EQ(value("1 & 2"), "2: did not expect '&'");
  EXPECT_EQ(value(std::string(500, '(')), "100: is nested too deeply");
}

}  // namespace
}  // namespace wafersim::study_detail
