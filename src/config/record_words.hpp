// A field's kind and range in words; private to this room.
#pragma once

#include <string>

#include "wafersim/config/record.hpp"

namespace wafersim {

// "size", "whole number", "`a` or `b`" …
[[nodiscard]] std::string words_for_kind(const FieldInfo& field);
// "1 to 1024", "at least 1 KiB"; empty if there is no bound.
[[nodiscard]] std::string words_for_range(const FieldInfo& field);

}  // namespace wafersim
