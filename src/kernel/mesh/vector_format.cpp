// Lays out, packs and adds.
#include "vector_format.hpp"

#include <bit>

#include "wafersim/base/wide.hpp"
#include "wafersim/mesh/arithmetic.hpp"

namespace wafersim {
namespace {

// Twenty random bits: sums round, so that their order shows.
std::int32_t random_bits(PeAt at, std::uint32_t k) {
  std::uint64_t hash = (std::uint64_t{at.y} << 40U) ^ (std::uint64_t{at.x} << 20U) ^ k;
  hash = (hash ^ (hash >> 31U)) * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 29U)) * 0xbf58476d1ce4e5b9ULL;
  return static_cast<std::int32_t>((hash >> 40U) & 0xfffffU) - (1 << 19);
}

// Small enough for the sum of a whole wafer to stay finite in FP16.
std::uint16_t half(std::int32_t bits) {
  return f32_to_f16(static_cast<float>(bits) / 131072.0F);
}

}  // namespace

VectorInstruction VectorFormat::widening() const {
  return {.operation = Operation::move,
          .precision = Precision::mixed,
          .to = MemoryVector{},
          .a = MemoryVector{.address = initial_address()},
          .length = length_};
}

CycleShares VectorFormat::widening_cycles() const {
  if (!widens()) return {};
  return {.datapath = divide_up(length_, parameters_.mixed_lanes), .tasks = parameters_.instruction_startup};
}

std::uint64_t VectorFormat::memory_bytes() const {
  return 4ULL * words() + (widens() ? 4ULL * ((length_ + 1ULL) / 2) : 0);
}

Words VectorFormat::initial_words(PeAt at) const {
  if (!widens()) return packed([&](std::uint32_t k) { return initial_element(at, k); });
  Words words((length_ + 1) / 2);
  for (std::uint32_t k = 0; k < length_; ++k)
    words[k / 2] |= std::uint32_t{half(random_bits(at, k))} << (k % 2 * 16);
  return words;
}

std::uint32_t VectorFormat::initial_element(PeAt at, std::uint32_t k) const {
  if (k >= length_) return 0;
  const std::int32_t bits = random_bits(at, k);
  if (precision_ == Precision::f16) return half(bits);
  return std::bit_cast<std::uint32_t>(widens() ? f16_to_f32(half(bits)) : static_cast<float>(bits) / 1024.0F);
}

std::uint32_t VectorFormat::add(std::uint32_t own, std::uint32_t received) const {
  return compute_element(Operation::add, sums(), own, received, 0);
}

Words VectorFormat::packed(const std::function<std::uint32_t(std::uint32_t k)>& element) const {
  Words result;
  for (std::uint32_t w = 0; w < words(); ++w) {
    result.push_back(sums() == Precision::f16 ? element(2 * w) | (element(2 * w + 1) << 16U) : element(w));
  }
  return result;
}

std::uint32_t VectorFormat::element(const Words& words, std::uint32_t k) const {
  return sums() == Precision::f16 ? (words[k / 2] >> (k % 2 * 16)) & 0xffffU : words[k];
}

}  // namespace wafersim
