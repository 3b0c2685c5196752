// Paints the routes as it adds the steps.
#include "row_chain.hpp"

#include <algorithm>

#include "operands.hpp"
#include "tile_product.hpp"

namespace wafersim {
namespace {

// Descriptors of a step: the vector's, and those of the fabric that it uses.
std::uint32_t step_scalars_of(const RowStep& step) {
  return kSetAddress + kLoadDescriptor * (1U + (step.in ? 1U : 0U) + (step.out ? 1U : 0U));
}

std::uint32_t distance(std::uint32_t a, std::uint32_t b) {
  return a < b ? b - a : a - b;
}

}  // namespace

RowChain::RowChain(GridSize grid, Layout& layout) : grid_{grid}, layout_{layout}, steps_(grid.columns) {
}

void RowChain::route(Color color, std::uint32_t column, const RoutePosition& position) {
  layout_.route(color, {.x = column, .height = static_cast<std::uint32_t>(grid_.rows)}, {position});
}

void RowChain::add_chain(std::span<const std::uint32_t> columns, Color first, Color second) {
  for (std::size_t i = 0; i + 1 < columns.size(); ++i) {
    const std::uint32_t from = columns[i];
    const std::uint32_t to = columns[i + 1];
    const Color color = i % 2 == 0 ? first : second;
    const Port ahead = from < to ? Port::east : Port::west;
    route(color, from, {Port::ramp, ahead});
    for (std::uint32_t x = std::min(from, to) + 1; x < std::max(from, to); ++x)
      route(color, x, {opposite(ahead), ahead});
    route(color, to, {opposite(ahead), Port::ramp});
    if (i == 0) steps_[from].push_back({.kind = RowStep::Kind::send});
    steps_[from].back().out = color;
    if (i != 0) steps_[from].back().kind = RowStep::Kind::add_and_send;
    const std::size_t sent = steps_[from].size() - 1;
    steps_[to].push_back({.kind = RowStep::Kind::add, .in = color, .from = from, .from_step = sent});
  }
}

void RowChain::add_broadcast(std::uint32_t root, Color color) {
  if (size() == 1) return;
  const std::uint32_t last = size() - 1;
  Ports both;
  if (root > 0) both = both | Port::west;
  if (root < last) both = both | Port::east;
  route(color, root, {Port::ramp, both});
  steps_[root].push_back({.kind = RowStep::Kind::send, .out = color});
  const std::size_t sent = steps_[root].size() - 1;
  for (std::uint32_t x = 0; x <= last; ++x) {
    if (x == root) continue;
    const Port ahead = x < root ? Port::west : Port::east;
    Ports to = Port::ramp;
    if (x != 0 && x != last) to = to | ahead;
    route(color, x, {opposite(ahead), to});
    steps_[x].push_back({.kind = RowStep::Kind::take, .in = color, .from = root, .from_step = sent});
  }
}

std::vector<Instruction> RowChain::instructions(std::uint32_t column, const RowVector& vector) const {
  std::vector<Instruction> body;
  const MemoryVector own{.address = vector.address};
  for (const RowStep& step : steps_[column]) {
    VectorInstruction it{.precision = vector.precision, .to = own, .a = own, .length = vector.length};
    if (step.out) it.to = FabricOutput{*step.out};
    if (step.kind == RowStep::Kind::take) it.a = FabricInput{*step.in};
    if (step.kind == RowStep::Kind::add || step.kind == RowStep::Kind::add_and_send) {
      it.operation = Operation::add;
      it.b = FabricInput{*step.in};
    }
    body.push_back(ScalarInstructions{step_scalars_of(step)});
    body.push_back(it);
  }
  return body;
}

std::uint64_t RowChain::end(const std::vector<std::uint64_t>& start, const RowVector& vector,
                            const MeshParameters& parameters) const {
  const std::uint64_t beats =
      vector.precision == Precision::f16 ? divide_up(vector.length, 2) : vector.length;
  std::vector<std::vector<std::uint64_t>> first(size());
  std::vector<std::uint64_t> free = start;
  // A column's next step can be placed once its sender's is; columns wait for each other in a circle never.
  for (bool placed = true; placed;) {
    placed = false;
    for (std::uint32_t x = 0; x < size(); ++x) {
      while (first[x].size() < steps_[x].size()) {
        const RowStep& step = steps_[x][first[x].size()];
        if (step.in && first[step.from].size() <= step.from_step) break;
        std::uint64_t at = free[x] + step_scalars_of(step) + parameters.instruction_startup;
        if (step.in) {
          const std::uint64_t way = 2ULL * parameters.ramp_cycles + 1 + distance(x, step.from);
          at = std::max(at, first[step.from][step.from_step] + way);
        }
        first[x].push_back(at);
        free[x] = at + beats;
        placed = true;
      }
    }
  }
  return *std::max_element(free.begin(), free.end());
}

}  // namespace wafersim
