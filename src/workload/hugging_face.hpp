// Reads a Hugging Face config.json: what a model is, in the words of its own library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "workload/imported_model.hpp"

namespace wafersim::workload_detail {

[[nodiscard]] std::vector<std::string_view> known_model_types();

// Keys that are not used are ignored, as real files carry dozens. Throws InputError.
[[nodiscard]] ImportedModel import_hugging_face(const Tree& config, const std::string& name);

}  // namespace wafersim::workload_detail
