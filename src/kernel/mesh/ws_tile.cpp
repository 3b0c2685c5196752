// Sizes, addresses and streams of a weight-streaming product.
#include "ws_tile.hpp"

#include <algorithm>
#include <bit>

#include "wafersim/base/wide.hpp"
#include "wafersim/mesh/arithmetic.hpp"

namespace wafersim {
namespace {

std::uint32_t up(std::uint32_t value, std::uint32_t step) {
  return (value + step - 1) / step * step;
}
std::uint32_t share(std::uint32_t whole, std::uint32_t parts) {
  return static_cast<std::uint32_t>(divide_up(whole, parts));
}
// A fixed scramble of two numbers, for values that show which of them met.
std::uint32_t scramble(std::uint32_t a, std::uint32_t b) {
  std::uint32_t x = a * 0x9e3779b1U + b * 0x85ebca6bU + 0x27d4eb2fU;
  x ^= x >> 15U;
  x *= 0x2c1b3c6dU;
  return x ^ (x >> 12U);
}
float number_from(std::uint32_t bits, bool integers) {
  // Whole numbers from -2 to 2, without 0; or eleven-bit fractions, as FP16 holds them.
  if (integers)
    return static_cast<float>(bits % 4 < 2 ? static_cast<int>(bits % 4) - 2 : static_cast<int>(bits % 4) - 1);
  return (static_cast<float>(bits % 2048) - 1023.5F) / 1024.0F;
}

// Any part of a product may ask at any time, so each draw comes from its place alone (SplitMix64's
// finalizer).
bool is_drawn_zero(const WsRequest& request, std::uint32_t token, std::uint32_t output) {
  std::uint64_t x = (std::uint64_t{token} << 32U | output) + request.zeros_seed * 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return (x ^ (x >> 31U)) % Fraction::kOne < request.zeros->billionths;
}

}  // namespace

WsTile::WsTile(const WsRequest& r) : in_{r.in}, out_{r.out} {
  columns = static_cast<std::uint32_t>(r.grid.columns) / r.groups;
  tokens = share(r.tokens, static_cast<std::uint32_t>(r.grid.rows) * r.groups);
  features = share(r.in, columns);
  block = r.block != 0 ? r.block : share(r.out, columns);
  blocks = share(r.out, block);
  operand_bytes = r.arithmetic == Arithmetic::fp32 ? 4 : 2;
  sum_bytes = r.arithmetic == Arithmetic::fp16 ? 2 : 4;
  slot_elements = sum_bytes == 2 ? up(tokens, 2) : tokens;
  multiply = r.arithmetic == Arithmetic::fp32    ? Precision::f32
             : r.arithmetic == Arithmetic::mixed ? Precision::mixed
                                                 : Precision::f16;
  add = sum_bytes == 2 ? Precision::f16 : Precision::f32;
  // Full width needs operand and sum eight bytes apart modulo sixteen.
  row_bytes = up(tokens * operand_bytes, 16);
  const std::uint32_t slot_bytes = up(slot_elements * sum_bytes, 16);
  sums = {.address = features * row_bytes + 8,
          .slots = r.accumulators,
          .slot_elements = slot_elements,
          .element_bytes = sum_bytes,
          .slot_bytes = slot_bytes,
          .starts_closed = true};
  result_address = sums.address + sums.slots * slot_bytes;
  memory_bytes = up(result_address + block * slot_elements * sum_bytes, 4) + 16;
}

std::uint32_t WsTile::size_of(std::uint32_t index) const {
  return std::min(out_, (index + 1) * block) - index * block;
}

std::uint32_t WsTile::block_of(std::uint32_t column) const {
  for (std::uint32_t i = 0; i < blocks; ++i) {
    if (owner_of(i) == column) return i;
  }
  return blocks;
}

std::uint32_t WsTile::first_of(std::uint32_t column) const {
  return std::min(in_, column * features);
}
std::uint32_t WsTile::last_of(std::uint32_t column) const {
  return std::min(in_, (column + 1) * features);
}

float ws_activation(const WsRequest& request, std::uint32_t token, std::uint32_t feature) {
  return request.numbers ? number_from(scramble(token, feature + 7), request.integers) : 0;
}
float ws_delta(const WsRequest& request, std::uint32_t token, std::uint32_t output) {
  if (request.zeros && is_drawn_zero(request, token, output)) return 0;
  return request.numbers ? number_from(scramble(token + 2'000'003, output), request.integers) : 0;
}
float ws_weight(const WsRequest& request, std::uint32_t output, std::uint32_t input) {
  if (!request.numbers) return 0;
  if (request.not_zero != nullptr && request.not_zero->kept(output, input, input + 1) == 0) return 0;
  return number_from(scramble(output + 1'000'003, input), request.integers);
}

std::uint32_t operand_bits(Arithmetic arithmetic, float value) {
  return arithmetic == Arithmetic::fp32 ? std::bit_cast<std::uint32_t>(value) : f32_to_f16(value);
}

std::vector<std::uint32_t> kept_features(const WsRequest& request, const WsTile& tile, std::uint32_t column,
                                         std::uint32_t output) {
  std::vector<std::uint32_t> kept;
  for (std::uint32_t i = tile.first_of(column); i < tile.last_of(column); ++i) {
    if (request.mask == nullptr || request.mask->kept(output, i, i + 1) != 0)
      kept.push_back(i - tile.first_of(column));
  }
  return kept;
}

namespace {

// Dense FP16: two weights a wavelet; an odd number begins with a single one.
void append_pairs(std::vector<WeightWavelet>& stream, const std::vector<std::uint32_t>& weights) {
  std::size_t next = weights.size() % 2;
  if (next == 1) stream.push_back({weights[0]});
  for (; next < weights.size(); next += 2) stream.push_back({weights[next] | weights[next + 1] << 16U});
}

}  // namespace

std::vector<WeightWavelet> weight_stream(const WsRequest& request, const WsTile& tile, std::uint32_t column) {
  std::vector<WeightWavelet> stream;
  const bool indexed = request.mask != nullptr;
  for (std::uint32_t j = 0; j < request.out; ++j) {
    const std::size_t begins = stream.size();
    std::vector<std::uint32_t> weights;
    for (const std::uint32_t feature : kept_features(request, tile, column, j)) {
      const std::uint32_t bits =
          operand_bits(request.arithmetic, ws_weight(request, j, tile.first_of(column) + feature));
      if (indexed) {
        stream.push_back({feature << 16U | bits});
      } else {
        weights.push_back(bits);
      }
    }
    // All columns run the same program, also one that owns fewer features.
    if (!indexed) weights.resize(tile.features);
    if (!indexed && request.arithmetic != Arithmetic::fp32) {
      append_pairs(stream, weights);
    } else {
      for (const std::uint32_t bits : weights) stream.push_back({bits});
    }
    if (stream.size() == begins) stream.push_back({});
    stream[begins].control = true;
  }
  stream.push_back({.value = 0, .control = true});
  return stream;
}

}  // namespace wafersim
