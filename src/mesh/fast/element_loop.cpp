// One loop for each operation, precision and kind of source b, so that nothing is decided inside it.
#include "element_loop.hpp"

#include "wafersim/mesh/arithmetic.hpp"
#include "wafersim/mesh/timing.hpp"

namespace wafersim::fast {
namespace {

template <std::uint32_t bytes>
[[nodiscard]] std::uint32_t load(const std::uint32_t* words, std::uint32_t byte) {
  if constexpr (bytes == 4) return words[byte / 4];
  return (words[byte / 4] >> (byte % 4 * 8)) & 0xffffU;
}

template <std::uint32_t bytes>
void store(std::uint32_t* words, std::uint32_t byte, std::uint32_t value) {
  if constexpr (bytes == 4) {
    words[byte / 4] = value;
  } else {
    const std::uint32_t shift = byte % 4 * 8;
    words[byte / 4] = (words[byte / 4] & ~(0xffffU << shift)) | (value << shift);
  }
}

template <Operation operation, Precision precision, bool a_moves, bool b_moves>
void compute(std::uint32_t count, const Walk& to, const Walk& a, const Walk& b) {
  constexpr std::uint32_t kSource = source_bytes(precision);
  constexpr std::uint32_t kResult = result_bytes(precision);
  std::uint32_t at = to.byte;
  std::uint32_t at_a = a.byte;
  std::uint32_t at_b = b.byte;
  const std::uint32_t fixed_a = a.value;
  const std::uint32_t fixed_b = b.value;
  for (std::uint32_t i = 0; i < count; ++i, at += to.step, at_a += a.step, at_b += b.step) {
    const std::uint32_t value_a = a_moves ? load<kSource>(a.words, at_a) : fixed_a;
    const std::uint32_t value_b = b_moves ? load<kSource>(b.words, at_b) : fixed_b;
    const std::uint32_t sum = operation == Operation::accumulate ? load<kResult>(to.words, at) : 0;
    store<kResult>(to.words, at, compute_element(operation, precision, value_a, value_b, sum));
  }
}

template <Operation operation, Precision precision>
void compute_with(std::uint32_t count, const Walk& to, const Walk& a, const Walk& b) {
  if (a.moves && b.moves) {
    compute<operation, precision, true, true>(count, to, a, b);
  } else if (a.moves) {
    compute<operation, precision, true, false>(count, to, a, b);
  } else if (b.moves) {
    compute<operation, precision, false, true>(count, to, a, b);
  } else {
    compute<operation, precision, false, false>(count, to, a, b);
  }
}

template <Operation operation>
void compute_in(Precision precision, std::uint32_t count, const Walk& to, const Walk& a, const Walk& b) {
  switch (precision) {
    case Precision::f32:
      return compute_with<operation, Precision::f32>(count, to, a, b);
    case Precision::f16:
      return compute_with<operation, Precision::f16>(count, to, a, b);
    case Precision::mixed:
      return compute_with<operation, Precision::mixed>(count, to, a, b);
  }
}

}  // namespace

void compute_elements(Operation operation, Precision precision, std::uint32_t count, const Walk& to,
                      const Walk& a, const Walk& b) {
  switch (operation) {
    case Operation::move:
      return compute_in<Operation::move>(precision, count, to, a, b);
    case Operation::add:
      return compute_in<Operation::add>(precision, count, to, a, b);
    case Operation::multiply:
      return compute_in<Operation::multiply>(precision, count, to, a, b);
    case Operation::accumulate:
      return compute_in<Operation::accumulate>(precision, count, to, a, b);
    case Operation::maximum:
      return compute_in<Operation::maximum>(precision, count, to, a, b);
  }
}

}  // namespace wafersim::fast
