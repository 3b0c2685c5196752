// "Did you mean …?": the known word nearest to a misspelt one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wafersim {

// The candidate within an edit distance (insert, delete, replace, swap) of a third of the word's length,
// nearest first, earliest on a tie; nothing if none is that near.
[[nodiscard]] std::optional<std::string> nearest_word(std::string_view word,
                                                      std::span<const std::string> candidates);

}  // namespace wafersim
