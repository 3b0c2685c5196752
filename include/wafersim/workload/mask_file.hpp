// A mask of one matrix, position by position.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace wafersim {

// The one tensor of a .npy, .npz or .safetensors file, row after row: true where a number is neither zero nor
// NaN. Throws InputError if it cannot be read, has more tensors, or another shape than `rows` x `columns`.
[[nodiscard]] std::vector<bool> read_mask(const std::filesystem::path& file, std::uint64_t rows,
                                          std::uint64_t columns);

}  // namespace wafersim
