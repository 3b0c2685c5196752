// JSON with exact integers of any size, laid out so that people and `diff` can read it; private to this room.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "wafersim/base/wide.hpp"
#include "wafersim/config/tree.hpp"

namespace wafersim::report_detail {

using Json = nlohmann::ordered_json;

// A JSON value that is written exactly as this text.
[[nodiscard]] Json verbatim(const std::string& json);
// An exact integer, whatever its size.
[[nodiscard]] Json exact(Wide value);
// A tree that stands at `depth` of the document.
[[nodiscard]] Json embedded(const Tree& tree, std::size_t depth);

// The document with a line for each value of the two outer levels, and a line end behind it.
[[nodiscard]] std::string document(const Json& json);
// One line, without a line end.
[[nodiscard]] std::string one_line(const Json& json);

}  // namespace wafersim::report_detail
