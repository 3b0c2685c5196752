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

Parsed<MaskPattern> parse_mask_pattern(std::string_view text) {
  constexpr std::string_view kBlock = "block:";
  if (text == "uniform") return {.value = MaskPattern{}, .problem = {}};
  if (text.starts_with(kBlock)) {
    const Parsed<std::uint64_t> size = parse_count(text.substr(kBlock.size()));
    if (size.value && *size.value > 0) return {.value = MaskPattern{.block = *size.value}, .problem = {}};
    return {.value = {}, .problem = fmt::format("expected block:SIZE such as 'block:4', got '{}'", text)};
  }
  if (text.find(':') != std::string_view::npos) return parse_n_of_m(text);
  return {.value = {}, .problem = fmt::format("expected uniform, block:SIZE or N:M, got '{}'", text)};
}

std::string spell(const MaskPattern& pattern) {
  if (pattern.of > 0) return fmt::format("{}:{}", pattern.keep, pattern.of);
  return pattern.block > 1 ? fmt::format("block:{}", pattern.block) : "uniform";
}

}  // namespace wafersim
