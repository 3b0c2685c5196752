// The values themselves: FP32, FP16 and mixed arithmetic on 32-bit words, the same bits in every engine. FP16
// by hand, so that every compiler gives the same bits; in the header, because loops over elements are made of
// it.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "wafersim/mesh/program.hpp"

namespace wafersim {

// IEEE binary16, round to nearest even, subnormals and infinities included; every NaN becomes 0x7e00.
[[nodiscard]] inline float f16_to_f32(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (bits >> 10U) & 0x1fU;
  const std::uint32_t fraction = bits & 0x3ffU;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000U | (fraction << 13U));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23U) | (fraction << 13U));
  const float magnitude = static_cast<float>(fraction) * 0x1p-24F;  // subnormal: exact
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

[[nodiscard]] inline std::uint16_t f32_to_f16(float value) {
  if (std::isnan(value)) return 0x7e00;
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint32_t>((bits >> 16U) & 0x8000U);
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520.0F) return static_cast<std::uint16_t>(sign | 0x7c00U);  // rounds beyond 65504
  if (magnitude < 0x1p-14F) {  // subnormal: counts of 2^-24; the addition rounds to nearest even
    const float counted = magnitude * 0x1p24F + 0x1p23F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(counted) & 0x7fffffU));
  }
  std::uint32_t rounded = (bits & 0x7fffffffU) + 0xfffU + ((bits >> 13U) & 1U);
  rounded -= 112U << 23U;
  return static_cast<std::uint16_t>(sign | (rounded >> 13U));
}

// In FP32, before any rounding to FP16.
[[nodiscard]] inline float calculate(Operation operation, float a, float b, float accumulator) {
  switch (operation) {
    case Operation::move:
      return a;
    case Operation::add:
      return a + b;
    case Operation::multiply:
      return a * b;
    case Operation::accumulate: {
      const float product = a * b;
      return accumulator + product;
    }
    case Operation::maximum:
      return a < b ? b : a;
  }
  return a;
}
[[nodiscard]] inline float from_half(std::uint32_t bits) {
  return f16_to_f32(static_cast<std::uint16_t>(bits));
}

// One element. Sources are f32 bits for f32 and f16 bits otherwise; the result (and accumulator) is f16 bits
// for f16 only. FP16 results are computed in FP32 and rounded once more; products and sums never fuse.
[[nodiscard]] inline std::uint32_t compute_element(Operation operation, Precision precision, std::uint32_t a,
                                                   std::uint32_t b, std::uint32_t accumulator) {
  switch (precision) {
    case Precision::f32:
      if (operation == Operation::move) return a;
      return std::bit_cast<std::uint32_t>(calculate(
          operation, std::bit_cast<float>(a), std::bit_cast<float>(b), std::bit_cast<float>(accumulator)));
    case Precision::f16:
      if (operation == Operation::move) return a & 0xffffU;
      return f32_to_f16(calculate(operation, from_half(a), from_half(b), from_half(accumulator)));
    case Precision::mixed:
      return std::bit_cast<std::uint32_t>(
          calculate(operation, from_half(a), from_half(b), std::bit_cast<float>(accumulator)));
  }
  return a;
}

}  // namespace wafersim
