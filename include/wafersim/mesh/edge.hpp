// The edge of the grid: where wavelets come in from outside, and where they leave.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/mesh/geometry.hpp"
#include "wafersim/mesh/program.hpp"

namespace wafersim {

// The outward link of the first (west) or last (east) router of a row: the wafer's I/O attaches to the east
// and west edges (source: Cerebras SDK documentation). Like any link it carries one wavelet each way per
// cycle.
struct EdgePort {
  std::uint32_t row{};
  Port side = Port::west;
  friend auto operator<=>(const EdgePort&, const EdgePort&) = default;
};

// A wavelet on an edge link. On its way in, `cycle` is the first one in which it can cross the link; on its
// way out, the one in which it crossed. Who crosses in cycle t is on the other side at the start of t + 1.
struct EdgeWavelet {
  Cycles cycle;
  Color color{};
  std::uint32_t value{};
  bool control{};
  friend bool operator==(const EdgeWavelet&, const EdgeWavelet&) = default;
};

// A color that a layout lets in, or out, at a port.
struct EdgeUse {
  EdgePort port;
  Color color{};
  friend auto operator<=>(const EdgeUse&, const EdgeUse&) = default;
};

// What waits outside a port: one line, in order, so a wavelet whose router is full holds back those behind
// it, whatever their color.
class EdgeQueue {
 public:
  // Throws std::invalid_argument if a wavelet would arrive before the one in front of it.
  void push(std::span<const EdgeWavelet> wavelets);
  // The wavelet that would cross in this cycle, if the router took it; null if none has arrived.
  [[nodiscard]] const EdgeWavelet* head(std::uint64_t cycle) const {
    return !waiting_.empty() && waiting_.front().cycle.count() <= cycle ? &waiting_.front() : nullptr;
  }
  // When the first in line arrives, if not before `cycle`.
  [[nodiscard]] std::optional<std::uint64_t> next_arrival(std::uint64_t cycle) const {
    if (waiting_.empty() || waiting_.front().cycle.count() < cycle) return std::nullopt;
    return waiting_.front().cycle.count();
  }
  // The head crosses in this cycle.
  EdgeWavelet take(std::uint64_t cycle);
  // The cycles in which wavelets crossed since this was last asked, in order.
  [[nodiscard]] std::vector<Cycles> take_crossings() { return std::exchange(crossings_, {}); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::vector<EdgeWavelet> list() const { return {waiting_.begin(), waiting_.end()}; }

 private:
  std::deque<EdgeWavelet> waiting_;
  std::vector<Cycles> crossings_;
};

}  // namespace wafersim
