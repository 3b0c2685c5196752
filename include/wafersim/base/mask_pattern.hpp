// Which weights a mask keeps together: neighbours alone, blocks of them, or N of every M.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wafersim/base/parse.hpp"

namespace wafersim {

// Where a mask keeps weights along the inputs of an output feature.
struct MaskPattern {
  std::uint64_t block = 1;  // so many neighbours, from a multiple of it on, are kept or pruned together
  std::uint64_t of = 0;     // of so many neighbours, from a multiple of it on, `keep` are kept; 0: not so
  std::uint64_t keep = 0;   // N of N:M; `of` is the M
  bool across = false;      // neighbours along the output features instead: of a matrix that was transposed

  [[nodiscard]] MaskPattern transposed() const {
    return {.block = block, .of = of, .keep = keep, .across = !across};
  }
  // The share that N:M prunes, up to a billionth more, so that of fewer than 10^9 weights it leaves N of
  // every M exactly. Of N:M patterns alone.
  [[nodiscard]] Fraction pruned() const;
  friend bool operator==(const MaskPattern&, const MaskPattern&) = default;
};

// `2:4`: N and M of an N:M pattern, both from 1 on, N at most M.
[[nodiscard]] Parsed<MaskPattern> parse_n_of_m(std::string_view text);
// `uniform`, `block:SIZE` with a size from 1 on, or N:M: as commands spell a pattern.
[[nodiscard]] Parsed<MaskPattern> parse_mask_pattern(std::string_view text);
// The same back again.
[[nodiscard]] std::string spell(const MaskPattern& pattern);

}  // namespace wafersim
