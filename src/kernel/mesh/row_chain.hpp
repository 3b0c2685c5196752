// Chains and broadcasts along a row of PEs, every row of the grid at once: routes, steps, and when they end.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wafersim/mesh/layout.hpp"

namespace wafersim {

// What the PEs of a column do with their vector, one step after the other: send it, add what comes and pass
// the sum on, add what comes and keep the sum, or take what comes.
struct RowStep {
  enum class Kind : std::uint8_t { send, add_and_send, add, take };
  Kind kind = Kind::send;
  std::optional<Color> in{}, out{};
  std::uint32_t from{};     // column that sends what comes …
  std::size_t from_step{};  // … in this step of its own
};

// The vector that each PE of a row has, at the same address.
struct RowVector {
  std::uint32_t address{};
  std::uint32_t length{};  // elements
  Precision precision = Precision::f16;
};

class RowChain {
 public:
  RowChain(GridSize grid, Layout& layout);

  // A chain from the first of `columns` to its last, which keeps the sum; two colors take turns.
  void add_chain(std::span<const std::uint32_t> columns, Color first, Color second);
  // From one column to all others.
  void add_broadcast(std::uint32_t root, Color color);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(steps_.size()); }
  [[nodiscard]] const std::vector<RowStep>& steps(std::uint32_t column) const { return steps_[column]; }
  // The instructions of a column's steps over a vector, each behind the scalars that load its descriptors.
  [[nodiscard]] std::vector<Instruction> instructions(std::uint32_t column, const RowVector& vector) const;
  // The cycle in which the last column is done if each begins its first step in its `start`: a step's first
  // beat comes when the PE is ready and the first wavelet is there. It leaves out that messages which wait
  // for their receiver fill the routers.
  [[nodiscard]] std::uint64_t end(const std::vector<std::uint64_t>& start, const RowVector& vector,
                                  const MeshParameters& parameters) const;

 private:
  void route(Color color, std::uint32_t column, const RoutePosition& position);

  GridSize grid_;
  Layout& layout_;
  std::vector<std::vector<RowStep>> steps_;
};

}  // namespace wafersim
