// Paints links between neighbours and writes the steps.
#include "fft_transpose.hpp"

#include "tile_product.hpp"

namespace wafersim {
namespace {

// Address of the real (0) or imaginary part (1) of a number.
std::uint32_t word_of(std::uint32_t pencil, std::uint32_t position, std::uint32_t part) {
  return pencil + (position * kComplexWords + part) * kSingleBytes;
}

}  // namespace

Color LineTranspose::color(std::uint32_t from, std::uint32_t to) const {
  return Color{static_cast<std::uint8_t>(first_ + (from < to ? 0 : 2) + from % 2)};
}

void LineTranspose::paint(Layout& layout, GridSize grid) const {
  const auto columns = static_cast<std::uint32_t>(grid.columns);
  const auto rows = static_cast<std::uint32_t>(grid.rows);
  const auto draw = [&](std::uint32_t from, std::uint32_t to) {
    const Port up = axis_ == Axis::row ? Port::east : Port::south;
    const Port ahead = from < to ? up : opposite(up);
    const auto line = [&](std::uint32_t place) -> Rectangle {
      if (axis_ == Axis::row) return {.x = place, .height = rows};
      return {.y = place, .width = columns};
    };
    layout.route(color(from, to), line(from), {{Port::ramp, ahead}});
    layout.route(color(from, to), line(to), {{opposite(ahead), Port::ramp}});
  };
  for (std::uint32_t place = 0; place + 1 < pes_; ++place) {
    draw(place, place + 1);
    draw(place + 1, place);
  }
}

void LineTranspose::add_steps(std::vector<Instruction>& body, std::uint32_t place, std::uint32_t from,
                              std::uint32_t to) const {
  const std::uint32_t own = reversed_bits(place, pes_);
  body.push_back(ScalarInstructions{kOwnScalars});
  body.push_back(VectorInstruction{.to = MemoryVector{.address = word_of(to, place, 0)},
                                   .a = MemoryVector{.address = word_of(from, own, 0)},
                                   .length = kComplexWords});
  add_one_way(body, place, from, to, true);
  add_one_way(body, place, from, to, false);
}

void LineTranspose::add_one_way(std::vector<Instruction>& body, std::uint32_t place, std::uint32_t from,
                                std::uint32_t to, bool up) const {
  const std::uint32_t outer = up ? place : pes_ - 1 - place;  // PEs whose numbers pass this one
  const std::uint32_t ahead = up ? place + 1 : place - 1;
  const std::uint32_t behind = up ? place - 1 : place + 1;
  // The nearest PE's number comes first: those that travel up the line fill the pencil from behind, each with
  // its imaginary part first.
  const auto numbers_from = [&](std::uint32_t pencil, std::uint32_t position) -> MemoryVector {
    if (up) return {.address = word_of(pencil, position, 1), .stride = -1};
    return {.address = word_of(pencil, position, 0)};
  };
  std::uint32_t scalars = 0;
  const auto add = [&](std::uint32_t more, const Destination& target, const Source& source,
                       std::uint32_t numbers) {
    body.push_back(ScalarInstructions{scalars + more});
    body.push_back(VectorInstruction{.to = target, .a = source, .length = numbers * kComplexWords});
    scalars = 0;
  };
  for (std::uint32_t k = 0; k < pes_; ++k) {
    const std::uint32_t receiver = reversed_bits(k, pes_);
    scalars += kChoiceScalars;
    const bool sends = receiver != place && (receiver > place) == up;
    if (sends) add(kOwnScalars, FabricOutput{color(place, ahead)}, numbers_from(from, k), 1);
    if (outer == 0 || (!sends && receiver != place)) continue;
    const FabricInput in{color(behind, place)};
    if (sends) {
      add(kPassScalars, FabricOutput{color(place, ahead)}, in, outer);
    } else {
      add(kPassScalars, numbers_from(to, behind), in, outer);
    }
  }
  if (scalars > 0) body.push_back(ScalarInstructions{scalars});
}

}  // namespace wafersim
