// An operand on a ring: each PE passes its tile on with two microthreads, beside what the task does.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "wafersim/mesh/program.hpp"

#include "shift_ring.hpp"

namespace wafersim {

struct TravellingTile {
  std::array<std::uint32_t, 2> buffers{};  // addresses
  std::uint32_t length{};                  // elements
  Precision precision = Precision::f16;
};

class Traveller {
 public:
  // Uses `first_thread` to send and the one behind it to receive.
  Traveller(const TravellingTile& tile, std::uint8_t first_thread);

  // The buffer that holds the PE's tile now, or will when it has come.
  [[nodiscard]] std::uint32_t buffer() const { return current_; }

  // Behind it, the task goes on only when the buffer that is to receive has been sent.
  void wait_until_sent(std::vector<Instruction>& body) const;
  void wait_until_received(std::vector<Instruction>& body) const;
  // Sends the tile and receives the next one.
  void exchange(std::vector<Instruction>& body, const ShiftRing& ring, std::uint32_t position);

 private:
  void wait(std::vector<Instruction>& body, Microthread thread) const;

  TravellingTile tile_;
  Microthread send_, receive_;
  std::uint32_t current_{};
  bool used_ = false;
};

}  // namespace wafersim
