// Writes its instructions.
#include "traveller.hpp"

namespace wafersim {

Traveller::Traveller(const TravellingTile& tile, std::uint8_t first_thread)
    : tile_{tile}, send_{first_thread}, receive_{static_cast<std::uint8_t>(first_thread + 1)} {
}

void Traveller::wait_until_sent(std::vector<Instruction>& body) const {
  wait(body, send_);
}

void Traveller::wait_until_received(std::vector<Instruction>& body) const {
  wait(body, receive_);
}

void Traveller::exchange(std::vector<Instruction>& body, const ShiftRing& ring, std::uint32_t position) {
  // The microthread that receives is free only when the tile to be sent now has come.
  body.push_back(VectorInstruction{.precision = tile_.precision,
                                   .to = MemoryVector{.address = tile_.buffers[1 - current_]},
                                   .a = FabricInput{ring.receives_on(position)},
                                   .length = tile_.length,
                                   .thread = receive_});
  body.push_back(VectorInstruction{.precision = tile_.precision,
                                   .to = FabricOutput{ring.sends_on(position)},
                                   .a = MemoryVector{.address = tile_.buffers[current_]},
                                   .length = tile_.length,
                                   .thread = send_});
  current_ = 1 - current_;
  used_ = true;
}

// A microthread takes its next instruction when the one before it is done.
void Traveller::wait(std::vector<Instruction>& body, Microthread thread) const {
  if (!used_) return;
  body.push_back(VectorInstruction{.to = Register{0}, .a = Immediate{}, .length = 1, .thread = thread});
}

}  // namespace wafersim
