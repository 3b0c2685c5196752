// FP16 rounds as IEEE 754 says.
#include "wafersim/mesh/arithmetic.hpp"

#include <bit>
#include <cmath>

#include <gtest/gtest.h>

namespace wafersim {
namespace {

TEST(Half, EveryValueSurvivesTheWayThroughSingle) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = f16_to_f32(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) continue;
    EXPECT_EQ(f32_to_f16(value), bits);
  }
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(f32_to_f16(2049.0F), f32_to_f16(2048.0F));  // half way between 2048 and 2050: even wins
  EXPECT_EQ(f32_to_f16(2051.0F), f32_to_f16(2052.0F));
  EXPECT_EQ(f32_to_f16(65519.0F), 0x7bff);  // below half way to 65536
  EXPECT_EQ(f32_to_f16(65520.0F), 0x7c00);  // infinity
  EXPECT_EQ(f32_to_f16(0x1p-25F), 0x0000);  // half of the least subnormal: even wins
  EXPECT_EQ(f32_to_f16(0x1.8p-25F), 0x0001);
  EXPECT_EQ(f32_to_f16(-0x1p-24F), 0x8001);
  EXPECT_EQ(f32_to_f16(std::nanf("")), 0x7e00);
}

TEST(Element, MixedPrecisionMultipliesHalvesIntoASingle) {
  const std::uint32_t three = f32_to_f16(3.0F);
  const std::uint32_t sum = compute_element(Operation::accumulate, Precision::mixed, three, three,
                                            std::bit_cast<std::uint32_t>(0.5F));
  EXPECT_EQ(std::bit_cast<float>(sum), 9.5F);
}

TEST(Element, ProductsAndSumsNeverFuse) {
  const float a = 1.0F + 0x1p-12F;
  const float product = a * a;  // rounds 2^-24 away
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(a);
  const std::uint32_t found = compute_element(Operation::accumulate, Precision::f32, bits, bits,
                                              std::bit_cast<std::uint32_t>(-product));
  EXPECT_EQ(std::bit_cast<float>(found), 0.0F);
}

TEST(Element, MaximumTakesTheLargerOneAndTheFirstOfEquals) {
  const auto larger = [](float a, float b) {
    return std::bit_cast<float>(compute_element(Operation::maximum, Precision::f32,
                                                std::bit_cast<std::uint32_t>(a),
                                                std::bit_cast<std::uint32_t>(b), 0));
  };
  EXPECT_EQ(larger(1, 2), 2);
  EXPECT_EQ(larger(2, 1), 2);
  EXPECT_EQ(larger(-3, -4), -3);
  EXPECT_TRUE(std::signbit(larger(-0.0F, 0.0F)));
  EXPECT_EQ(compute_element(Operation::maximum, Precision::f16, 0x3c00, 0x4000, 0), 0x4000U);  // 1 and 2
}

}  // namespace
}  // namespace wafersim
