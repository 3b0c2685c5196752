// Reads a topology file of SCALE-Sim: a table of convolutions, or of matrix products.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "workload/imported_model.hpp"

namespace wafersim::workload_detail {

// A chain of layers, each on the output of the one before; where the sizes do not fit, the layer starts from
// an input of its own, as the file does not say what it takes. Throws InputError with every wrong line.
[[nodiscard]] ImportedModel read_scale_sim(std::string_view text, const std::string& file,
                                           const std::string& name);
[[nodiscard]] ImportedModel load_scale_sim(const std::filesystem::path& file, const std::string& name);

}  // namespace wafersim::workload_detail
