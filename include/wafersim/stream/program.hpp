// The step as every module knows it: the fixed order of operations, and what each streams in and out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

// Numbers of one layer on their way, with their size on the wire.
struct Parcel {
  std::uint64_t matrix{};            // kept weights of the matrix
  std::uint64_t vector{};            // biases and gains
  std::uint64_t bytes_per_matrix{};  // value, and index where the matrix is sparse
  std::uint64_t bytes_per_vector{};

  [[nodiscard]] std::uint64_t weights() const { return matrix + vector; }
  [[nodiscard]] Bytes bytes() const {
    return Bytes{matrix} * bytes_per_matrix + Bytes{vector} * bytes_per_vector;
  }
  [[nodiscard]] bool empty() const { return weights() == 0; }
  // The part of it that travels on one of `lanes` lanes: dealt out evenly, what is left over to the first
  // lanes. Lane 0 therefore carries at least as much of every parcel as any other lane.
  [[nodiscard]] Parcel on_lane(std::uint64_t lane, std::uint64_t lanes) const;
  // Whether any of it travels on this lane.
  [[nodiscard]] bool reaches(std::uint64_t lane) const { return matrix > lane || vector > lane; }
};

enum class Pass : std::uint8_t { forward, recompute, gradient, delta };
[[nodiscard]] std::string_view to_string(Pass pass);

// One operation of the wafer.
struct StepOp {
  std::uint32_t layer{};
  Pass pass{};
  std::uint32_t micro_batch{};
  Cycles compute;  // see KernelCost
  Cycles fabric;
  Cycles hidden{};
  Cycles fill;
  Parcel weights;         // streamed in while it runs; empty if it needs none
  Parcel gradients;       // streamed out while it runs; empty if it makes none
  std::uint32_t owner{};  // layer whose stored weights these are (another one for tied weights)
};

// An exact ratio, for amounts that are rounded only when they are used.
struct Ratio {
  std::uint64_t of{};
  std::uint64_t per{1};

  // `count` times the ratio, rounded up.
  [[nodiscard]] std::uint64_t times(std::uint64_t count) const { return multiply_divide_up(count, of, per); }
  friend bool operator==(const Ratio&, const Ratio&) = default;
};

// What a MemoryX server does for each of something (a byte that is streamed, a weight that is updated).
struct StoreWork {
  Ratio dram_clocks{};           // of its DRAM, which depend on the order of reads and writes
  Ratio passing_clocks{};        // of its DRAM, for what comes from flash or goes there
  std::uint64_t dram_bytes{};    // moved in both
  std::uint64_t flash_reads{};   // bytes
  std::uint64_t flash_writes{};  // bytes
  std::uint64_t flops{};         // of the optimizer
  bool needs_whole{false};       // it begins only when all of the train has arrived
};

// Everything that is stored for one layer's weights, and how it is updated.
struct StoredLayer {
  std::uint64_t weights{};        // kept matrix weights and vectors
  bool in_flash{};                // the weights that are streamed live in MemoryX's flash
  std::uint64_t contributions{};  // gradient parcels per step that its update waits for
  StoreWork stream{};             // of a byte of its weights
  StoreWork update{};             // of a weight, by the last parcel of a step
  StoreWork accumulate{};         // of a gradient that is only added to the stored sum
};

struct StepProgram {
  std::vector<StepOp> ops;
  std::vector<StoredLayer> stored;  // by layer
};

}  // namespace wafersim
