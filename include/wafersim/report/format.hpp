// Numbers as people read them in a terminal; the same text on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wafersim/base/quantity.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

// "1,234,567".
[[nodiscard]] std::string grouped(Wide value);
// "12.3 TB/s": three significant digits and an SI prefix; whole numbers below 1000 stay whole.
[[nodiscard]] std::string si(double value, std::string_view unit);
[[nodiscard]] std::string si(Wide value, std::string_view unit);
[[nodiscard]] std::string si(std::uint64_t value, std::string_view unit);
// "12.3 %" of a share of one.
[[nodiscard]] std::string percent(double share);
// "1.12 s".
[[nodiscard]] std::string duration(Picoseconds time);
// part / whole, and zero of nothing.
[[nodiscard]] double share_of(Cycles part, Cycles whole);

// Columns that a text takes in a terminal.
[[nodiscard]] std::size_t width_of(std::string_view text);
// The text on lines of at most `width` columns, those after the first begin with `indent` blanks.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);
// At most `width` columns of a text; what is left out in its middle becomes "..".
[[nodiscard]] std::string clipped(std::string_view text, std::size_t width);

}  // namespace wafersim
