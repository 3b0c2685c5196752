// What is outside one port of the grid, as a SystemC module: a line of wavelets, and a record of those that
// left.
#pragma once

#include "reference_pe.hpp"

namespace wafersim::reference {

// Stands where a neighbour would, and keeps to the same two edges of the clock.
class ReferenceEdge final : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clock{"clock"};
  sc_core::sc_in<LinkSignal> in{"in"};
  sc_core::sc_out<LinkSignal> out{"out"};
  sc_core::sc_in<std::uint32_t> room_beyond{"room_beyond"};
  sc_core::sc_out<std::uint32_t> room{"room"};

  explicit ReferenceEdge(const sc_core::sc_module_name& name);

  EdgeQueue queue;
  std::vector<EdgeWavelet> departed;
  MeshCounts counts;

  // A wavelet will arrive in a cycle that has not been run.
  [[nodiscard]] bool expects_arrival() const { return queue.next_arrival(now_).has_value(); }

 private:
  void decide();
  void happen();

  Cycle now_{};
  bool enters_ = false;
};

}  // namespace wafersim::reference
