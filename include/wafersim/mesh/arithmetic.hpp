// The values themselves: FP32, FP16 and mixed arithmetic on 32-bit words, the same bits in every engine.
#pragma once

#include <cstdint>

#include "wafersim/mesh/program.hpp"

namespace wafersim {

// IEEE binary16, round to nearest even, subnormals and infinities included; every NaN becomes 0x7e00.
[[nodiscard]] float f16_to_f32(std::uint16_t bits);
[[nodiscard]] std::uint16_t f32_to_f16(float value);

// One element. Sources are f32 bits for f32 and f16 bits otherwise; the result (and accumulator) is f16 bits
// for f16 only. FP16 results are computed in FP32 and rounded once more; products and sums never fuse.
[[nodiscard]] std::uint32_t compute_element(Operation operation, Precision precision, std::uint32_t a,
                                            std::uint32_t b, std::uint32_t accumulator);

}  // namespace wafersim
