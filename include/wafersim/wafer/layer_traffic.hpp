// What a layer streams into the wafer and out of it.
#pragma once

#include <cstdint>

#include "wafersim/stream/program.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// Bytes of what is stored or sent beside a weight to place it (sparse matrices only).
[[nodiscard]] std::uint64_t index_bytes(const TrainingPlan& plan, bool sparse);

// Weights of the layer's matrix that are stored, and whether some are not.
[[nodiscard]] std::uint64_t kept_of(const Layer& layer, const TrainingPlan& plan);
[[nodiscard]] bool is_sparse(const Layer& layer, const TrainingPlan& plan);

// The layer's weights, as they come for one pass over so many sequences on all nodes together; `sent` of its
// matrix are sent if all of it is (see sent_weights), each with its index if any is pruned.
[[nodiscard]] Parcel weights_of(const Layer& layer, const TrainingPlan& plan, std::uint64_t sequences,
                                std::uint64_t sent);
// All gradients of the layer, as they leave after one micro-batch. MemoryX knows the mask, so those of kept
// weights need no index, and those of zeros that filled up blocks are dropped at the wafer's edge. Those of
// experts that nobody chose are there too: their update needs them.
[[nodiscard]] Parcel gradients_of(const Layer& layer, const TrainingPlan& plan);
// How often a micro-batch needs the weights: forward, again where the plan recomputes, and for the delta.
// Nothing lies below an embedding, so it makes no delta.
[[nodiscard]] std::uint64_t weight_passes(const Layer& layer, const TrainingPlan& plan);

}  // namespace wafersim
