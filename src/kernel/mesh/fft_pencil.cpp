// Writes the eight instructions of a stage.
#include "fft_pencil.hpp"

#include <bit>
#include <cmath>
#include <numbers>

#include "tile_product.hpp"

namespace wafersim {

std::uint32_t reversed_bits(std::uint32_t number, std::uint32_t points) {
  const int bits = std::countr_zero(points);
  std::uint32_t result = 0;
  for (int i = 0; i < bits; ++i) result |= ((number >> i) & 1U) << (bits - 1 - i);
  return result;
}

PencilFft::PencilFft(std::uint32_t points, PeMemory& memory)
    : points_{points}, stages_{static_cast<std::uint32_t>(std::bit_width(points) - 1)} {
  for (std::uint32_t& pencil : pencils_) pencil = memory.place(points * kComplexWords * kSingleBytes);
  // Two words further than aligned, so that it never meets a pencil in a bank.
  constexpr std::uint32_t kApart = 2 * kSingleBytes;
  difference_ = memory.place(points * kSingleBytes + kApart) + kApart;
  for (std::uint32_t* table : {&cosines_, &sines_, &minus_sines_})
    *table = memory.place(points / 2 * kSingleBytes);
}

std::uint32_t PencilFft::transform(std::vector<Instruction>& body, std::uint32_t buffer) const {
  for (std::uint32_t stage = 0; stage < stages_; ++stage) {
    add_stage(body, stage, pencils_[buffer], pencils_[1 - buffer]);
    buffer = 1 - buffer;
  }
  return buffer;
}

// Of each number a of the lower half and b of the upper one, at place j: a + b goes to place 2j, and
// (a - b) w to place 2j + 1, w the root of unity with the exponent j / 2^stage * 2^stage.
void PencilFft::add_stage(std::vector<Instruction>& body, std::uint32_t stage, std::uint32_t from,
                          std::uint32_t to) const {
  const auto parts = [](std::uint32_t address, std::uint32_t part, std::int32_t stride) {
    return MemoryVector{.address = address + part * kSingleBytes, .stride = stride};
  };
  const auto add = [&](VectorInstruction it, std::uint32_t length) {
    it.length = length;
    body.push_back(ScalarInstructions{3 * kLoadDescriptor});
    body.push_back(it);
  };
  const std::uint32_t half = points_ / 2;
  const std::uint32_t upper = from + points_ * kSingleBytes;
  const MemoryVector difference{.address = difference_};
  add({.operation = Operation::multiply,
       .to = difference,
       .a = MemoryVector{.address = upper},
       .b = Immediate::f32(-1)},
      points_);
  for (const std::uint32_t part : {0U, 1U}) {
    add({.operation = Operation::add,
         .to = parts(to, part, 4),
         .a = parts(from, part, 2),
         .b = parts(upper, part, 2)},
        half);
  }
  add({.operation = Operation::add, .to = difference, .a = MemoryVector{.address = from}, .b = difference},
      points_);
  // A root serves 2^stage places running: a row of the hardware's repetition.
  const std::uint32_t row = 1U << stage;
  const auto product = [&](Operation operation, std::uint32_t to_part, std::uint32_t roots,
                           std::uint32_t part) {
    add({.operation = operation,
         .to = parts(to, 2 + to_part, 4),
         .a = MemoryVector{.address = roots, .stride = static_cast<std::int32_t>(row), .hold = row},
         .b = parts(difference_, part, 2),
         .row = row == 1 ? 0 : row},
        half);
  };
  product(Operation::multiply, 0, cosines_, 0);
  product(Operation::accumulate, 0, sines_, 1);
  product(Operation::multiply, 1, cosines_, 1);
  product(Operation::accumulate, 1, minus_sines_, 0);
  body.push_back(ScalarInstructions{kLoopEnd});
}

void PencilFft::load_roots(MeshEngine& engine, PeAt at) const {
  const auto angle = [&](std::uint32_t j) { return 2 * std::numbers::pi * j / points_; };
  const auto write = [&](std::uint32_t address, auto&& value) {
    write_singles(engine, at, address, points_ / 2,
                  [&](std::uint32_t j) { return static_cast<float>(value(angle(j))); });
  };
  write(cosines_, [](double a) { return std::cos(a); });
  write(sines_, [](double a) { return std::sin(a); });
  write(minus_sines_, [](double a) { return -std::sin(a); });
}

}  // namespace wafersim
