// Draws, packs and judges them.
#include "operands.hpp"

#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "wafersim/mesh/arithmetic.hpp"

namespace wafersim {

std::vector<PeAt> all_pes(GridSize grid) {
  std::vector<PeAt> all;
  for (std::uint32_t y = 0; y < grid.rows; ++y) {
    for (std::uint32_t x = 0; x < grid.columns; ++x) all.push_back({x, y});
  }
  return all;
}

float operand(const MatrixRequest& request, char matrix, std::uint32_t row, std::uint32_t column) {
  std::uint64_t hash = (request.seed << 8U) + static_cast<std::uint64_t>(matrix);
  for (const std::uint64_t part : {std::uint64_t{row}, std::uint64_t{column}}) {
    hash = (hash ^ (hash >> 31U) ^ part) * 0x9e3779b97f4a7c15ULL;
    hash = (hash ^ (hash >> 29U)) * 0xbf58476d1ce4e5b9ULL;
  }
  if (request.values == OperandValues::whole) return static_cast<float>((hash >> 40U) % 5) - 2;
  return (static_cast<float>((hash >> 40U) % 128) - 64) / 64;
}

void PeMemory::check(const MeshParameters& parameters, const std::string& what,
                     std::string_view remedy) const {
  const std::uint32_t room = parameters.memory_bytes - parameters.code_reserve_bytes;
  if (used_ <= room) return;
  throw DoesNotFit{fmt::format("{} need {} bytes in a PE, which holds {} less {} for code: {} at most; {}",
                               what, used_, parameters.memory_bytes, parameters.code_reserve_bytes, room,
                               remedy)};
}

void write_halves(MeshEngine& engine, PeAt at, std::uint32_t address, std::uint32_t count,
                  const ElementAt& element) {
  std::vector<std::uint32_t> words(divide_up(count, 2));
  for (std::uint32_t i = 0; i < count; ++i)
    words[i / 2] |= static_cast<std::uint32_t>(f32_to_f16(element(i))) << (16 * (i % 2));
  engine.write_memory(at, address, words);
}

std::vector<float> read_halves(const MeshEngine& engine, PeAt at, std::uint32_t address,
                               std::uint32_t count) {
  const std::vector<std::uint32_t> words = engine.read_memory(at, address, divide_up(count, 2));
  std::vector<float> values(count);
  for (std::uint32_t i = 0; i < count; ++i)
    values[i] = f16_to_f32(static_cast<std::uint16_t>(words[i / 2] >> (16 * (i % 2))));
  return values;
}

void write_singles(MeshEngine& engine, PeAt at, std::uint32_t address, std::uint32_t count,
                   const ElementAt& element) {
  std::vector<std::uint32_t> words(count);
  for (std::uint32_t i = 0; i < count; ++i) words[i] = std::bit_cast<std::uint32_t>(element(i));
  engine.write_memory(at, address, words);
}

std::vector<float> read_singles(const MeshEngine& engine, PeAt at, std::uint32_t address,
                                std::uint32_t count) {
  std::vector<float> values;
  for (const std::uint32_t word : engine.read_memory(at, address, count))
    values.push_back(std::bit_cast<float>(word));
  return values;
}

bool PlainSum::allows(float found, OperandValues values, double unit) const {
  const double off = std::abs(static_cast<double>(found) - value);
  return values == OperandValues::whole ? off == 0 : off <= 2.0 * terms * unit * magnitude;
}

}  // namespace wafersim
