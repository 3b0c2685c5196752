// Google Highway compiles this file once per instruction set and chooses at run time.
#include "masked_copy.hpp"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mesh/fast/masked_copy.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace wafersim::fast::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void masked_copy(std::uint32_t* to, const std::uint32_t* from, std::uint64_t mask) {
  const hn::ScalableTag<std::uint32_t> tag;
  const std::size_t lanes = hn::Lanes(tag);
  for (std::size_t i = 0; i < 64; i += lanes) {
    std::uint8_t bits[8];
    const std::uint64_t part = mask >> i;
    std::memcpy(bits, &part, sizeof part);
    hn::BlendedStore(hn::LoadU(tag, from + i), hn::LoadMaskBits(tag, bits), tag, to + i);
  }
}

}  // namespace wafersim::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wafersim::fast {

HWY_EXPORT(masked_copy);

MaskedCopy best_masked_copy() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return HWY_DYNAMIC_DISPATCH(masked_copy);
}

void plain_masked_copy(std::uint32_t* to, const std::uint32_t* from, std::uint64_t mask) {
  for (; mask != 0; mask &= mask - 1) {
    const int i = std::countr_zero(mask);
    to[i] = from[i];
  }
}

}  // namespace wafersim::fast
#endif
