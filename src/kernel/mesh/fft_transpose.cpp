// Paints links between neighbours and writes the steps.
#include "fft_transpose.hpp"

#include <algorithm>
#include <bit>

#include "tile_product.hpp"

namespace wafersim {
namespace {

// Scalar code of a step: whether the receiver lies ahead (load, compare, branch), and the loop.
constexpr std::uint32_t kChoiceScalars = 3 + kLoopEnd;
// Around what a PE passes on: two descriptors; around its own number, which has an address, too.
constexpr std::uint32_t kPassScalars = 2 * kLoadDescriptor;
constexpr std::uint32_t kOwnScalars = kSetAddress + 2 * kLoadDescriptor;

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
  const auto number = [](std::uint32_t pencil, std::uint32_t position, std::uint32_t part) {
    return pencil + (position * kComplexWords + part) * kSingleBytes;
  };
  const auto bits = static_cast<std::uint32_t>(std::bit_width(pes_) - 1);
  const auto add = [&](std::uint32_t scalars, const Destination& target, const Source& source,
                       std::uint32_t numbers) {
    body.push_back(ScalarInstructions{scalars});
    body.push_back(VectorInstruction{.to = target, .a = source, .length = numbers * kComplexWords});
  };
  const auto one_way = [&](bool up) {
    const std::uint32_t outer = up ? place : pes_ - 1 - place;  // PEs whose numbers pass this one
    const std::uint32_t step = up ? 1 : -1U;
    // Nearest PEs come first: numbers that travel up the line fill the pencil from behind, each with its
    // imaginary part first.
    const auto vector = [&](std::uint32_t pencil, std::uint32_t position) -> MemoryVector {
      if (up) return {.address = number(pencil, position, 1), .stride = -1};
      return {.address = number(pencil, position, 0)};
    };
    for (std::uint32_t k = 0; k < pes_; ++k) {
      const std::uint32_t receiver = reversed_bits(k, bits);
      body.push_back(ScalarInstructions{kChoiceScalars});
      if (receiver == place) {
        if (outer > 0)
          add(kPassScalars, vector(to, place - step), FabricInput{color(place - step, place)}, outer);
      } else if ((receiver > place) == up) {
        const FabricOutput out{color(place, place + step)};
        add(kOwnScalars, out, vector(from, k), 1);
        if (outer > 0) add(kPassScalars, out, FabricInput{color(place - step, place)}, outer);
      }
    }
  };
  add(kOwnScalars, MemoryVector{.address = number(to, place, 0)},
      MemoryVector{.address = number(from, reversed_bits(place, bits), 0)}, 1);
  one_way(true);
  one_way(false);
}

std::uint64_t LineTranspose::closed_form(const MeshParameters& parameters) const {
  std::vector<Instruction> body;
  add_steps(body, pes_ / 2, 0, 0);
  return busy_cycles(body, parameters);
}

}  // namespace wafersim
