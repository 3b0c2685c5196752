// The points of a study, one after the other: a study of a million points is never held as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/study/study.hpp"

namespace wafersim {

// Some of a study's points: every `of`-th, from the `number`-th on (from 1).
struct Shard {
  std::uint64_t number{1};
  std::uint64_t of{1};

  [[nodiscard]] bool has(std::uint64_t ordinal) const { return ordinal % of == number - 1; }
};

struct Point {
  std::uint64_t ordinal{};         // among the points that meet the conditions, from 0
  std::vector<Override> settings;  // what the study says: axes in their order, then derived keys
};

// Keys that points set, in the order of their settings.
[[nodiscard]] std::vector<std::string> keys_of(const Study& study);
// Where in keys_of() those stand that have more than one value among the points.
[[nodiscard]] std::vector<std::size_t> varied_keys(const Study& study);
// What `hold` means as settings of each point.
[[nodiscard]] std::vector<Override> held_settings(const Study& study);
// The product of the factors, before conditions drop any; 2^64 - 1 stands for more.
[[nodiscard]] std::uint64_t size_of_space(const Study& study);

class PointStream {
 public:
  explicit PointStream(const Study& study);
  // The next point that meets every condition; nothing at the end. Throws InputError if a formula cannot be
  // evaluated.
  [[nodiscard]] std::optional<Point> next();

 private:
  const Study& study_;
  std::uint64_t size_;
  std::uint64_t index_{0};
  std::uint64_t ordinal_{0};
};

// How many points there are. Only looks at them all if there are conditions.
[[nodiscard]] std::uint64_t count_points(const Study& study);
// Likewise in one shard.
[[nodiscard]] std::uint64_t count_points(std::uint64_t all, const Shard& shard);

}  // namespace wafersim
