// Refuses bytes that no text file of ours contains, before a parser sees them; private to this room.
#pragma once

#include <string>
#include <string_view>

namespace wafersim {

// The text without byte-order mark and carriage returns at line ends. Throws InputError: too large, not
// UTF-8, control characters, brackets without end.
[[nodiscard]] std::string checked_text(std::string_view text, const std::string& name);

// The text with a blank for each control character: an error message is one line.
[[nodiscard]] std::string one_line(std::string_view text);

// At most some forty bytes of a text, on one line.
[[nodiscard]] std::string shorten(std::string_view text);

}  // namespace wafersim
