// How wide, how long and where each beat of a vector instruction is; the one definition that all engines
// share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "wafersim/mesh/parameters.hpp"
#include "wafersim/mesh/program.hpp"

namespace wafersim {

// Bytes of an element of the sources, and of the result.
[[nodiscard]] constexpr std::uint32_t source_bytes(Precision precision) {
  return precision == Precision::f32 ? 4 : 2;
}
[[nodiscard]] constexpr std::uint32_t result_bytes(Precision precision) {
  return precision == Precision::f16 ? 2 : 4;
}

[[nodiscard]] inline bool uses_fabric(const VectorInstruction& instruction) {
  return std::holds_alternative<FabricOutput>(instruction.to) ||
         std::holds_alternative<FabricInput>(instruction.a) ||
         std::holds_alternative<FabricInput>(instruction.b);
}

// Elements that one beat takes; a wavelet carries one FP32 or two FP16.
[[nodiscard]] inline std::uint32_t lanes_of(const VectorInstruction& instruction,
                                            const MeshParameters& parameters) {
  if (instruction.precision == Precision::f32) return 1;
  if (uses_fabric(instruction)) return 2;
  return instruction.precision == Precision::f16 ? parameters.f16_lanes : parameters.mixed_lanes;
}

[[nodiscard]] inline bool accumulates_in_memory(const VectorInstruction& instruction) {
  return instruction.operation == Operation::accumulate &&
         (std::holds_alternative<MemoryVector>(instruction.to) ||
          std::holds_alternative<FifoSlot>(instruction.to));
}

[[nodiscard]] inline std::uint32_t startup_of(const VectorInstruction& instruction,
                                              const MeshParameters& parameters, bool loaded = false) {
  if (loaded) return parameters.loaded_startup;
  return accumulates_in_memory(instruction) ? parameters.accumulate_startup : parameters.instruction_startup;
}

// Elements of the beat that begins with this one, which exists: a beat does not reach into the next row.
[[nodiscard]] inline std::uint32_t beat_elements(const VectorInstruction& instruction, std::uint32_t element,
                                                 std::uint32_t lanes) {
  if (instruction.row == 0) return std::min(lanes, instruction.length - element);
  return std::min(lanes, instruction.row - element % instruction.row);
}

// Byte address of an element.
[[nodiscard]] constexpr std::uint32_t address_of(const MemoryVector& vector, std::uint32_t element,
                                                 std::uint32_t bytes) {
  const std::uint32_t turn = vector.period == 0 ? element : element % vector.period;
  const std::uint32_t index = vector.hold > 1 ? turn / vector.hold : turn;
  return vector.address +
         static_cast<std::uint32_t>(static_cast<std::int32_t>(index) * vector.stride) * bytes;
}

// What a PE remembers of a FIFO: elements committed and read since the start.
struct FifoState {
  std::uint64_t committed{};
  std::uint64_t read{};
  bool opened = false;
  [[nodiscard]] std::uint64_t filled() const { return committed - read; }
  // Whether the slot that a commit would open is empty.
  [[nodiscard]] bool can_commit(const Fifo& fifo) const {
    const std::uint64_t closed = fifo.starts_closed && !opened ? 0 : fifo.slot_elements;
    return read + fifo.capacity() >= committed + closed + fifo.slot_elements;
  }
  void commit(const Fifo& fifo) {
    if (opened || !fifo.starts_closed) committed += fifo.slot_elements;
    opened = true;
  }
  // Whether so many elements more have a place.
  [[nodiscard]] bool has_room(const Fifo& fifo, std::uint64_t elements) const {
    return read + fifo.capacity() >= committed + elements;
  }
  friend bool operator==(const FifoState&, const FifoState&) = default;
};
// Where the element lies that was, or will be, the n-th one committed.
[[nodiscard]] inline std::uint32_t address_in(const Fifo& fifo, std::uint64_t element) {
  const auto slot = static_cast<std::uint32_t>(element / fifo.slot_elements % fifo.slots);
  const auto within = static_cast<std::uint32_t>(element % fifo.slot_elements);
  return fifo.address + slot * fifo.slot_step() + within * fifo.element_bytes;
}
[[nodiscard]] inline MemoryVector open_slot_of(const Fifo& fifo, const FifoState& state) {
  return {.address = address_in(fifo, state.committed)};
}
// The FIFO that an instruction reads.
[[nodiscard]] inline std::optional<FifoId> read_fifo(const VectorInstruction& instruction) {
  for (const Source* source : {&instruction.a, &instruction.b}) {
    if (const auto* head = std::get_if<FifoHead>(source)) return head->fifo;
  }
  return std::nullopt;
}
// The FIFO that an instruction appends to.
[[nodiscard]] inline std::optional<FifoId> appended_fifo(const VectorInstruction& instruction) {
  if (const auto* tail = std::get_if<FifoTail>(&instruction.to)) return tail->fifo;
  return std::nullopt;
}
// Where source a of an instruction begins behind its address, and the register's value after it.
struct Displaced {
  std::uint32_t bytes{};
  std::uint32_t after{};
};
[[nodiscard]] inline Displaced displaced_by(const Displacement& displacement, std::uint32_t value) {
  const std::uint32_t part = displacement.upper ? value >> 16U : value;
  return {part * displacement.unit % displacement.ring,
          displacement.step == 0 ? value : (value + displacement.step) % displacement.ring};
}

// Two reads at once conflict when their banks agree in the half they lie in.
[[nodiscard]] constexpr bool banks_conflict(std::uint32_t a, std::uint32_t b,
                                            const MeshParameters& parameters) {
  const std::uint32_t pairs = parameters.banks / 2;
  return (a / 4) % parameters.banks % pairs == (b / 4) % parameters.banks % pairs;
}

// Two 64-bit reads at once need opposite halves of a turn of the banks.
[[nodiscard]] constexpr bool wide_reads_conflict(std::uint32_t a, std::uint32_t b,
                                                 const MeshParameters& parameters) {
  return (a - b) % parameters.wide_read_turn_bytes != parameters.wide_read_turn_bytes / 2;
}

// A source that every beat reads from memory; a held element is read once a row.
[[nodiscard]] inline const MemoryVector* streamed(const Source& source) {
  const auto* memory = std::get_if<MemoryVector>(&source);
  return memory != nullptr && memory->hold <= 1 ? memory : nullptr;
}

// What only the core knows of an instruction: where its source a and its sum lie.
struct Placement {
  std::uint32_t displacement{};        // of source a
  std::optional<MemoryVector> slot{};  // the open slot, if the result goes to a FIFO
};

// Whether a beat has two vectors to read whose banks collide.
[[nodiscard]] inline bool reads_conflict(const VectorInstruction& instruction, std::uint32_t element,
                                         const MeshParameters& parameters, const Placement& placement) {
  if (instruction.operation == Operation::move) return false;
  const std::uint32_t bytes = source_bytes(instruction.precision);
  const MemoryVector* a = streamed(instruction.a);
  const MemoryVector* b = streamed(instruction.b);
  if (accumulates_in_memory(instruction) && instruction.precision == Precision::f16) {
    if (a != nullptr && b != nullptr) return true;  // with the accumulator, three vectors to read
    const MemoryVector* source = a != nullptr ? a : b;
    const MemoryVector sum = placement.slot ? *placement.slot : std::get<MemoryVector>(instruction.to);
    const std::uint32_t begins = source == a ? placement.displacement : 0;
    return source != nullptr && wide_reads_conflict(begins + address_of(*source, element, bytes),
                                                    address_of(sum, element, bytes), parameters);
  }
  return a != nullptr && b != nullptr &&
         banks_conflict(placement.displacement + address_of(*a, element, bytes),
                        address_of(*b, element, bytes), parameters);
}

// Cycles that the beat starting at this element keeps the datapath.
[[nodiscard]] inline std::uint32_t beat_cycles(const VectorInstruction& instruction, std::uint32_t element,
                                               const MeshParameters& parameters, const Placement& placement) {
  const bool new_row = instruction.row != 0 && element != 0 && element % instruction.row == 0;
  const std::uint32_t turn = new_row ? parameters.row_turn : 0;
  if (accumulates_in_memory(instruction) && instruction.precision == Precision::f32) {
    const bool turns = (element + 1) % parameters.accumulate_turn_elements == 0;
    return turn + parameters.f32_accumulate_cycles + static_cast<std::uint32_t>(turns);
  }
  return turn +
         (reads_conflict(instruction, element, parameters, placement) ? parameters.bank_conflict_cycles : 1);
}

[[nodiscard]] constexpr std::uint64_t flops_of(Operation operation) {
  return operation == Operation::move ? 0 : operation == Operation::accumulate ? 2 : 1;
}

[[nodiscard]] inline bool has_control_task(const Program& program, Color color) {
  for (const Task& task : program.tasks) {
    if (task.on_control && task.started_by == color) return true;
  }
  return false;
}

// Whether the wavelet that ends with this element, of `done` elements, carries the control bit.
[[nodiscard]] inline bool carries_control(const FabricOutput& out, std::uint32_t done, std::uint32_t length) {
  if (out.controls) return (*out.controls)[done - 1];
  if (out.last == LastWavelet::plain) return false;
  return done == length || (out.every != 0 && done % out.every == 0);
}

// Whether an indexed wavelet has the value zero, of either sign.
[[nodiscard]] constexpr bool has_zero_value(std::uint32_t wavelet) {
  return (wavelet & 0x7fffU) == 0;
}
// Whether a wavelet stays behind at the ramp.
[[nodiscard]] inline bool is_filtered(const FabricOutput& out, std::uint32_t wavelet, bool control) {
  return out.skips_zeros && !control && has_zero_value(wavelet);
}

[[nodiscard]] inline std::optional<Color> written_color(const VectorInstruction& instruction) {
  if (const auto* out = std::get_if<FabricOutput>(&instruction.to)) return out->color;
  return std::nullopt;
}
[[nodiscard]] inline std::optional<Color> color_of(const Source& source) {
  if (const auto* in = std::get_if<FabricInput>(&source)) return in->color;
  return std::nullopt;
}

}  // namespace wafersim
