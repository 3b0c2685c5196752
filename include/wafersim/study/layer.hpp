// One matrix product with resident tokens, at several sparsities: what each level gains on a wafer, and what
// keeps it from gaining what counting multiplications promises.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/kernel/flow.hpp"

namespace wafersim {

struct LayerRequest {
  std::uint64_t out{}, in{};  // features: the matrix is out x in
  std::uint64_t tokens{};     // resident on the wafer
  std::vector<Fraction>
      pruned{};        // shares of the weights, each below one; the dense matrix comes first by itself
  MaskPattern mask{};  // of weights that stay; N:M fixes the one level, `pruned` is then empty
  Arithmetic arithmetic{Arithmetic::mixed};  // FP32 also has weights of 4 bytes
  Fidelity fidelity{Fidelity::flow};
  std::uint64_t seed{};                       // of the masks
  std::function<void(double)> on_progress{};  // the share that is done, from 0 to 1
};

// Where the cycles of one level go. All but `total` add up to it.
struct LayerTime {
  Cycles total;
  Cycles products;   // of the mean column: its multiply-adds
  Cycles overhead;   // of the mean column: tasks dispatched and instructions issued for arriving weights
  Cycles zeros;      // both again, for zeros that fill blocks which a core cannot skip (wafer.pe.skip_block)
  Cycles imbalance;  // columns wait for the one with the most weights
  Cycles reduction;  // sums along the row, where products do not cover them
  Cycles streaming;  // weights come slower than they are worked on
  Cycles fill;       // the way from the edge and along the row; nothing overlaps with it
};

struct LayerLevel {
  Fraction pruned;
  std::uint64_t kept{};     // weights
  std::uint64_t sent{};     // these and zeros that fill blocks
  std::uint64_t groups{};   // of columns, the fastest that fit
  std::uint64_t columns{};  // that share the features of a token
  std::uint64_t tokens_per_pe{};
  Bytes streamed;  // of those sent, as in a training step
  LayerTime time;
  Cycles flow;  // what the closed form says instead of products to reduction; the same if it was asked for
  std::uint64_t outputs_run{};  // output features that ran wavelet by wavelet
  double speedup{};             // over dense
  double ideal{};               // all weights / those kept
  std::string limit;            // the largest of overhead to fill, in words
};

struct LayerReport {
  LayerRequest request;
  std::string machine;
  std::uint64_t skip_block{1};     // of the machine's cores
  std::vector<LayerLevel> levels;  // dense first
};

// wafer.software_efficiency takes no part. Throws InputError for a size of 0, a level that keeps nothing, or
// an N:M that does not divide the inputs or stands beside levels; DoesNotFit if no mapping holds the tokens,
// or there is no program on the mesh for the fidelity.
[[nodiscard]] LayerReport study_layer(const MachineSpec& machine, const LayerRequest& request);

[[nodiscard]] std::string write_text(const LayerReport& report);
[[nodiscard]] std::string write_json(const LayerReport& report);
[[nodiscard]] std::string write_csv(const LayerReport& report);

}  // namespace wafersim
