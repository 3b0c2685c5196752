// A point is computed from its number alone, random ones too.
#include "wafersim/study/points.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "wafersim/base/random.hpp"
#include "wafersim/base/wide.hpp"

#include "study/expression.hpp"
#include "study/names.hpp"

namespace wafersim {
namespace {

using study_detail::Expression;
using study_detail::ExpressionError;

// FNV-1a: an axis keeps its values when others come or go.
std::uint64_t seed_of(std::uint64_t seed, const std::string& key, std::uint64_t index) {
  std::uint64_t mixed = 14695981039346656037ULL;
  const auto mix = [&](std::uint64_t byte) { mixed = (mixed ^ byte) * 1099511628211ULL; };
  for (const char c : key) mix(static_cast<unsigned char>(c));
  for (const std::uint64_t word : {seed, index}) {
    for (unsigned shift = 0; shift < 64; shift += 8) mix((word >> shift) & 0xFFU);
  }
  return mixed;
}

std::string spelled(const DrawRange& range, std::int64_t drawn) {
  std::string digits = std::to_string(drawn < 0 ? -drawn : drawn);
  if (range.decimals > 0) {
    if (digits.size() <= range.decimals) digits.insert(0, range.decimals + 1 - digits.size(), '0');
    digits.insert(digits.size() - range.decimals, 1, '.');
  }
  if (drawn < 0) digits.insert(0, 1, '-');
  return range.unit.empty() ? digits : digits + " " + range.unit;
}

std::string value_at(const Factor& factor, const Axis& axis, std::uint64_t index) {
  if (!factor.seed) return axis.values[index].text;
  Random random{seed_of(*factor.seed, axis.key, index)};
  if (!axis.range) return axis.values[random.below(axis.values.size())].text;
  const auto width = static_cast<std::uint64_t>(axis.range->high - axis.range->low) + 1;
  return spelled(*axis.range, axis.range->low + static_cast<std::int64_t>(random.below(width)));
}

[[noreturn]] void refuse(const Formula& formula, const ExpressionError& error) {
  SourceLocation at = formula.at;
  at.column += static_cast<std::uint32_t>(error.at());
  throw InputError{{.at = at,
                    .key = formula.key.empty() ? "where" : "derive." + formula.key,
                    .message = fmt::format("'{}': {}", formula.expression->text(), error.what())}};
}

}  // namespace

std::vector<std::string> keys_of(const Study& study) {
  std::vector<std::string> keys;
  for (const Factor& factor : study.factors) {
    for (const Axis& axis : factor.axes) keys.push_back(axis.key);
  }
  for (const Formula& formula : study.derived) keys.push_back(formula.key);
  return keys;
}

std::vector<Override> held_settings(const Study& study) {
  if (study.tokens_per_node) {
    return {{.key = "workload.global_batch", .value = "null"},
            {.key = "workload.tokens_per_node", .value = std::to_string(*study.tokens_per_node)}};
  }
  if (study.global_batch) {
    return {{.key = "workload.tokens_per_node", .value = "null"},
            {.key = "workload.global_batch", .value = std::to_string(*study.global_batch)}};
  }
  return {};
}

std::uint64_t size_of_space(const Study& study) {
  constexpr Wide kMost = std::numeric_limits<std::uint64_t>::max();
  Wide size = 1;
  for (const Factor& factor : study.factors) size = std::min<Wide>(size * factor.count, kMost);
  return static_cast<std::uint64_t>(size);
}

PointStream::PointStream(const Study& study) : study_{study}, size_{size_of_space(study)} {
}

std::optional<Point> PointStream::next() {
  while (index_ < size_) {
    Point point{.ordinal = ordinal_, .settings = {}};
    std::uint64_t left = size_;
    std::uint64_t within = index_++;
    for (const Factor& factor : study_.factors) {
      left /= factor.count;
      const std::uint64_t index = within / left;
      within %= left;
      for (const Axis& axis : factor.axes)
        point.settings.push_back({.key = axis.key, .value = value_at(factor, axis, index)});
    }
    const auto lookup = [&](const std::string& name) {
      return study_detail::value_of_name(study_, point.settings, name);
    };
    const auto evaluate = [&](const Formula& formula) {
      try {
        return formula.expression->value(lookup);
      } catch (const ExpressionError& error) {
        refuse(formula, error);
      }
    };
    for (const Formula& formula : study_.derived) {
      const auto value = evaluate(formula);
      try {
        point.settings.push_back({.key = formula.key, .value = study_detail::text_of_value(value)});
      } catch (const ExpressionError& error) {
        refuse(formula, error);
      }
    }
    const bool kept =
        std::all_of(study_.conditions.begin(), study_.conditions.end(),
                    [&](const Formula& condition) { return evaluate(condition).number != 0.0; });
    if (!kept) continue;
    ++ordinal_;
    return point;
  }
  return {};
}

std::vector<std::size_t> varied_keys(const Study& study) {
  const std::size_t keys = keys_of(study).size();
  std::vector<std::size_t> varied;
  PointStream points{study};
  const std::optional<Point> first = points.next();
  while (varied.size() < keys) {
    const std::optional<Point> point = points.next();
    if (!point) break;
    for (std::size_t key = 0; key < keys; ++key) {
      const bool known = std::find(varied.begin(), varied.end(), key) != varied.end();
      if (!known && point->settings[key].value != first->settings[key].value) varied.push_back(key);
    }
  }
  std::sort(varied.begin(), varied.end());
  return varied;
}

std::uint64_t count_points(const Study& study) {
  if (study.conditions.empty()) return size_of_space(study);
  std::uint64_t count = 0;
  for (PointStream points{study}; points.next();) ++count;
  return count;
}

std::uint64_t count_points(std::uint64_t all, const Shard& shard) {
  return all / shard.of + (all % shard.of >= shard.number ? 1 : 0);
}

}  // namespace wafersim
