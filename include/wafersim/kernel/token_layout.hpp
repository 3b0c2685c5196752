// How tokens and features lie on the grid: tokens along the rows, features along the columns.
#pragma once

#include <algorithm>
#include <cstdint>

#include "wafersim/base/parse.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

// G column groups, each holding all features of its own tokens (many tokens), or F row bands, each holding
// a part of the features (few tokens, wide models). One of the two is 1.
struct Mapping {
  std::uint64_t groups{1};
  std::uint64_t bands{1};
  friend bool operator==(Mapping, Mapping) = default;
};

// The share of one PE when `tokens` lie on the grid. The fullest PE counts: it decides time and memory.
class TokenLayout {
 public:
  TokenLayout(GridSize grid, Mapping mapping, std::uint64_t tokens)
      : grid_{grid},
        mapping_{mapping},
        tokens_{tokens},
        feature_columns_{grid.columns / mapping.groups * mapping.bands},
        token_rows_{grid.rows / mapping.bands},
        tokens_per_pe_{divide_up(tokens, token_rows_ * mapping.groups)} {}

  // The same grid and mapping with another number of tokens on it: positions of an image, tokens of an
  // expert.
  [[nodiscard]] TokenLayout with_tokens(std::uint64_t tokens) const { return {grid_, mapping_, tokens}; }

  [[nodiscard]] GridSize grid() const { return grid_; }
  [[nodiscard]] Mapping mapping() const { return mapping_; }
  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }
  // PEs side by side over which the features of one token are spread.
  [[nodiscard]] std::uint64_t feature_columns() const { return feature_columns_; }
  // PEs above each other over which the tokens of one group are spread.
  [[nodiscard]] std::uint64_t token_rows() const { return token_rows_; }
  [[nodiscard]] std::uint64_t tokens_per_pe() const { return tokens_per_pe_; }
  [[nodiscard]] std::uint64_t features_per_pe(std::uint64_t features) const {
    return divide_up(features, feature_columns_);
  }
  // Columns that own at least one of so many features.
  [[nodiscard]] std::uint64_t columns_used(std::uint64_t features) const {
    return divide_up(features, features_per_pe(features));
  }

 private:
  GridSize grid_;
  Mapping mapping_;
  std::uint64_t tokens_;
  std::uint64_t feature_columns_;
  std::uint64_t token_rows_;
  std::uint64_t tokens_per_pe_;
};

}  // namespace wafersim
