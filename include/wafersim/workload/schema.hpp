// What a workload file may say, for editors and for the docs.
#pragma once

#include <vector>

#include "wafersim/config/record.hpp"
#include "wafersim/config/tree.hpp"

namespace wafersim {

// The keys beside `model` and `graph`, those of a layer, and those of a repeated block beside its `layers`.
[[nodiscard]] std::vector<FieldInfo> workload_fields();
[[nodiscard]] std::vector<FieldInfo> layer_fields();
[[nodiscard]] std::vector<FieldInfo> repeat_fields();

// The JSON schema of a workload file; write it with to_indented_json.
[[nodiscard]] Tree workload_schema();

}  // namespace wafersim
