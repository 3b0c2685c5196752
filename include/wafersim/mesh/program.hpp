// What a PE runs: a short list of tasks, each a short list of vector instructions over descriptors.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace wafersim {

enum class Color : std::uint8_t {};
enum class TaskId : std::uint8_t {};
enum class Microthread : std::uint8_t {};
[[nodiscard]] constexpr std::uint8_t number_of(Color color) {
  return static_cast<std::uint8_t>(color);
}

inline constexpr std::uint32_t kTasksPerProgram = 32;
inline constexpr std::uint32_t kRegisters = 8;
inline constexpr std::uint8_t kWaveletRegister = 7;  // where a data task finds the wavelet that started it

// Descriptors. Addresses are bytes; strides count elements; after `period` elements (0: never) a vector
// starts over, as a descriptor with an outer dimension of stride 0 does; each element serves `hold` times
// running, as with an inner dimension of stride 0.
struct MemoryVector {
  std::uint32_t address{};
  std::int32_t stride = 1;
  std::uint32_t period{};
  std::uint32_t hold = 1;
  friend bool operator==(const MemoryVector&, const MemoryVector&) = default;
};
struct FabricInput {
  Color color{};
  friend bool operator==(const FabricInput&, const FabricInput&) = default;
};
// Whether the last wavelet of an instruction carries the control bit, which moves the switches it passes;
// with `every`, so does the last one of every so many elements, as in the rounds of a counted loop.
enum class LastWavelet : std::uint8_t { plain, control };
struct FabricOutput {
  Color color{};
  LastWavelet last = LastWavelet::plain;
  std::uint32_t every{};
  // For a program that stands in for the outside: whether each wavelet carries the bit, instead of all that.
  std::shared_ptr<const std::vector<bool>> controls{};
  // Indexed wavelets (index above, FP16 value below) of value zero are filtered at the ramp: their beat is
  // spent, and nothing is sent, unless they carry the control bit. Moves of f32 elements only.
  bool skips_zeros = false;
  friend bool operator==(const FabricOutput&, const FabricOutput&) = default;
};
// FP16 operands take the lower half of a register, or the upper one.
struct Register {
  std::uint8_t index{};
  bool upper = false;
  friend bool operator==(const Register&, const Register&) = default;
};
struct Immediate {
  std::uint32_t bits{};
  [[nodiscard]] static constexpr Immediate f32(float value) { return {std::bit_cast<std::uint32_t>(value)}; }
  friend bool operator==(const Immediate&, const Immediate&) = default;
};

// A FIFO in memory: a ring of equal slots. Tasks work in the slot that is open, and a commit hands it to the
// readers; reading takes elements in order, across instructions. source: FIFO descriptors of the vendor's
// layout language.
struct Fifo {
  std::uint32_t address{};
  std::uint32_t slots{};
  std::uint32_t slot_elements{};
  std::uint32_t element_bytes = 4;
  std::uint32_t slot_bytes{};  // from one slot to the next; 0: side by side
  bool starts_closed = false;  // no slot is open before the first commit, which only opens one
  [[nodiscard]] std::uint32_t slot_step() const {
    return slot_bytes == 0 ? slot_elements * element_bytes : slot_bytes;
  }
  [[nodiscard]] std::uint32_t capacity() const { return slots * slot_elements; }
  friend bool operator==(const Fifo&, const Fifo&) = default;
};
enum class FifoId : std::uint8_t {};
// The oldest elements that were committed and not yet read.
struct FifoHead {
  FifoId fifo{};
  friend bool operator==(const FifoHead&, const FifoHead&) = default;
};
// The open slot.
struct FifoSlot {
  FifoId fifo{};
  friend bool operator==(const FifoSlot&, const FifoSlot&) = default;
};
// Behind the newest elements: what is written there is committed at once, and waits for a place. A FIFO has
// either a tail or slots that tasks commit.
struct FifoTail {
  FifoId fifo{};
  friend bool operator==(const FifoTail&, const FifoTail&) = default;
};

using Source = std::variant<MemoryVector, FabricInput, Register, Immediate, FifoHead>;
using Destination = std::variant<MemoryVector, FabricOutput, Register, FifoSlot, FifoTail>;

// How far behind its address a vector begins: a register, or its upper half (the index of an indexed
// wavelet), times `unit` bytes, around a ring of `ring` bytes. Each use moves the register on by `step`
// around the ring (a circular descriptor).
struct Displacement {
  std::uint8_t index{};
  bool upper = false;
  std::uint32_t unit = 1;
  std::uint32_t step{};
  std::uint32_t ring = 1;
  friend bool operator==(const Displacement&, const Displacement&) = default;
};

// move: to = a; add: to = a + b; multiply: to = a * b; accumulate: to = to + a * b; maximum: to = the larger
// of a and b, a if they are equal or cannot be compared.
enum class Operation : std::uint8_t { move, add, multiply, accumulate, maximum };
inline constexpr std::uint32_t kOperations = 5;
// f32: 32-bit elements, one a wavelet. f16: 16-bit elements, two a wavelet. mixed: f16 sources, f32 result.
enum class Precision : std::uint8_t { f32, f16, mixed };
[[nodiscard]] constexpr std::string_view name_of(Precision precision) {
  return precision == Precision::f32 ? "f32" : precision == Precision::f16 ? "f16" : "mixed";
}

struct VectorInstruction {
  Operation operation = Operation::move;
  Precision precision = Precision::f32;
  Destination to{};
  Source a{};
  Source b = Immediate{};
  std::uint32_t length{};
  std::uint32_t row{};  // repeated by the hardware for every so many elements of its operands; 0: it is not
  std::optional<Displacement> displaced{};  // where source a begins, if it lies in memory
  std::optional<MemoryVector> copy_to{};    // what goes to the fabric is also stored here
  std::optional<Microthread> thread{};      // runs beside the task; otherwise the task waits for its end
  std::optional<TaskId> when_done{};        // activated when a microthread has finished it
  friend bool operator==(const VectorInstruction&, const VectorInstruction&) = default;
};
struct ScalarInstructions {
  std::uint32_t count{};
  friend bool operator==(const ScalarInstructions&, const ScalarInstructions&) = default;
};
struct Activate {
  TaskId task{};
  friend bool operator==(const Activate&, const Activate&) = default;
};
struct Block {
  TaskId task{};
  friend bool operator==(const Block&, const Block&) = default;
};
struct Unblock {
  TaskId task{};
  friend bool operator==(const Unblock&, const Unblock&) = default;
};
// Closes the open slot of a FIFO and opens the next one; waits until that is empty.
struct Commit {
  FifoId fifo{};
  friend bool operator==(const Commit&, const Commit&) = default;
};
using Instruction = std::variant<VectorInstruction, ScalarInstructions, Activate, Block, Unblock, Commit>;

struct Task {
  std::string name;
  std::optional<Color> started_by{};  // a data task: each wavelet of this color starts it once
  std::vector<Instruction> body{};
  // A control task: started by the wavelets of its color that carry the control bit, which then pass the
  // color's data task by.
  bool on_control = false;
  // Its descriptors stay in registers: from its second run on, its instructions start in `loaded_startup`.
  bool stays_loaded = false;
  friend bool operator==(const Task&, const Task&) = default;
};

struct Program {
  std::string name;
  std::uint32_t memory_bytes{};
  std::vector<Task> tasks{};
  std::optional<TaskId> entry{};  // runs from cycle 0
  std::vector<Fifo> fifos{};
  bool stands_in = false;  // for what lies outside the wafer, whose memory is not that of a PE
  friend bool operator==(const Program&, const Program&) = default;
};

}  // namespace wafersim
