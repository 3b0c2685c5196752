// What a PE runs: a short list of tasks, each a short list of vector instructions over descriptors.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
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
// Whether the last wavelet of an instruction carries the control bit, which moves the switches it passes.
enum class LastWavelet : std::uint8_t { plain, control };
struct FabricOutput {
  Color color{};
  LastWavelet last = LastWavelet::plain;
  friend bool operator==(const FabricOutput&, const FabricOutput&) = default;
};
struct Register {
  std::uint8_t index{};
  friend bool operator==(const Register&, const Register&) = default;
};
struct Immediate {
  std::uint32_t bits{};
  [[nodiscard]] static constexpr Immediate f32(float value) { return {std::bit_cast<std::uint32_t>(value)}; }
  friend bool operator==(const Immediate&, const Immediate&) = default;
};

using Source = std::variant<MemoryVector, FabricInput, Register, Immediate>;
using Destination = std::variant<MemoryVector, FabricOutput, Register>;

// move: to = a; add: to = a + b; multiply: to = a * b; accumulate: to = to + a * b.
enum class Operation : std::uint8_t { move, add, multiply, accumulate };
// f32: 32-bit elements, one a wavelet. f16: 16-bit elements, two a wavelet. mixed: f16 sources, f32 result.
enum class Precision : std::uint8_t { f32, f16, mixed };

struct VectorInstruction {
  Operation operation = Operation::move;
  Precision precision = Precision::f32;
  Destination to{};
  Source a{};
  Source b = Immediate{};
  std::uint32_t length{};
  std::uint32_t row{};  // repeated by the hardware for every so many elements of its operands; 0: it is not
  std::optional<MemoryVector> copy_to{};  // what goes to the fabric is also stored here
  std::optional<Microthread> thread{};    // runs beside the task; otherwise the task waits for its end
  std::optional<TaskId> when_done{};      // activated when a microthread has finished it
  friend bool operator==(const VectorInstruction&, const VectorInstruction&) = default;
};
struct ScalarInstructions {
  std::uint32_t count{};
};
struct Activate {
  TaskId task{};
};
struct Block {
  TaskId task{};
};
struct Unblock {
  TaskId task{};
};
using Instruction = std::variant<VectorInstruction, ScalarInstructions, Activate, Block, Unblock>;

struct Task {
  std::string name;
  std::optional<Color> started_by{};  // a data task: each wavelet of this color starts it once
  std::vector<Instruction> body{};
};

struct Program {
  std::string name;
  std::uint32_t memory_bytes{};
  std::vector<Task> tasks{};
  std::optional<TaskId> entry{};  // runs from cycle 0
};

}  // namespace wafersim
