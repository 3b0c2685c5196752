// Counts what masks, or pruned weights, leave of each layer's matrix.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "wafersim/base/error.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim::workload_detail {

struct MaskCounts {
  std::vector<KeptWeights> kept;       // layers that were found, sorted by name
  std::vector<std::string> unmatched;  // tensors that no layer is called like, in the order of the files
};

// `path` is a file of tensors (.npy, .npz, .safetensors, .mtx), the index of several (.json), or a folder of
// them. A weight that is zero or not a number is pruned. Tensors are matched with layers by name and read as
// a stream; those that match none are not read. Throws InputError, also for a tensor of another shape than
// the layer's matrix. `at` is where the user named the path.
[[nodiscard]] MaskCounts count_masks(const std::filesystem::path& path, const Graph& graph,
                                     const SourceLocation& at);

}  // namespace wafersim::workload_detail
