// Refuses bytes that no text file of ours contains, before a parser sees them; private to this room.
#pragma once

#include <string>
#include <string_view>

namespace wafersim {

// The text without byte-order mark and carriage returns at line ends. Throws InputError: too large, not
// UTF-8, control characters.
[[nodiscard]] std::string checked_text(std::string_view text, const std::string& name);

// At most some forty bytes of a text, for error messages of one line.
[[nodiscard]] std::string shorten(std::string_view text);

}  // namespace wafersim
