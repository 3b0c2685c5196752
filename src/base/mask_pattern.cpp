// Reads N:M.
#include "wafersim/base/mask_pattern.hpp"

#include <fmt/format.h>

#include "wafersim/base/wide.hpp"

namespace wafersim {

Fraction MaskPattern::pruned() const {
  return {multiply_divide_up(of - keep, Fraction::kOne, of)};
}

Parsed<MaskPattern> parse_n_of_m(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const Parsed<std::uint64_t> keep = parse_count(text.substr(0, colon));
    const Parsed<std::uint64_t> of = parse_count(text.substr(colon + 1));
    if (keep.value && of.value && *keep.value > 0) {
      if (*keep.value <= *of.value)
        return {.value = MaskPattern{.of = *of.value, .keep = *keep.value}, .problem = {}};
      return {.value = {},
              .problem =
                  fmt::format("keeps {} of {} weights: N of N:M must be at most M", *keep.value, *of.value)};
    }
  }
  return {.value = {}, .problem = fmt::format("expected N:M such as '2:4', got '{}'", text)};
}

}  // namespace wafersim
