// What must hold for any bytes at all that are given to the reader of study files, or to that of expressions.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "wafersim/study/points.hpp"
#include "wafersim/study/study.hpp"

#include "config/temporary_folder.hpp"
#include "fuzz/config_laws.hpp"
#include "study/expression.hpp"
#include "support/source_dir.hpp"

namespace wafersim::test {

inline constexpr std::string_view kSmallestModel =
    "model: {model_type: gpt2, vocab_size: 8, n_positions: 4, n_embd: 4, n_layer: 1, n_head: 1}\n";

// A value's spelling is of the value's kind: what an expression gives is read again as a key's value.
inline void check_expression_laws(std::string_view text) {
  try {
    const study_detail::Expression expression{std::string{text}};
    for (const auto& name : expression.names())
      expect_law(text.substr(name.at, name.text.size()) == name.text, "a name stands where it is said to");
    const auto value = expression.value([](const std::string&) { return std::string{"3"}; });
    const bool word = value.kind == study_detail::ExpressionValue::Kind::word;
    const std::string spelled = study_detail::text_of_value(value);
    expect_law(word || study_detail::value_of_text(spelled).kind == value.kind, "a value keeps its unit");
  } catch (const study_detail::ExpressionError& error) {
    expect_law(error.at() <= text.size() && *error.what() != '\0', "an error is in the expression");
  }
}

// The first points: numbered in order, each with every key, the same if they are asked for again.
inline void check_space_laws(const Study& study) {
  constexpr std::uint64_t kEnough = 100;
  const std::vector<std::string> keys = keys_of(study);
  PointStream points{study};
  PointStream again{study};
  for (std::uint64_t ordinal = 0; ordinal < kEnough; ++ordinal) {
    const std::optional<Point> point = points.next();
    const std::optional<Point> same = again.next();
    expect_law(point.has_value() == same.has_value(), "a study has its points twice");
    if (!point) return expect_law(ordinal > 0, "a study that is read has a point");
    expect_law(point->ordinal == ordinal, "points are numbered in order");
    expect_law(std::equal(point->settings.begin(), point->settings.end(), keys.begin(), keys.end(),
                          [](const Override& setting, const std::string& key) { return setting.key == key; }),
               "a point sets every key");
    expect_law(std::equal(point->settings.begin(), point->settings.end(), same->settings.begin(),
                          same->settings.end(),
                          [](const Override& a, const Override& b) { return a.value == b.value; }),
               "a point's values do not change");
  }
}

// `text` follows the lines that name a machine and a workload.
inline void check_study_laws(std::string_view text) {
  check_expression_laws(text);
  static const TemporaryFolder folder;
  static const std::filesystem::path workload = folder.write("small.yaml", kSmallestModel);
  const std::filesystem::path file =
      folder.write("study.yaml", fmt::format("machine: {}/configs/machine/cs2.yaml\nworkload: small.yaml\n{}",
                                             source_dir().string(), text));
  try {
    check_space_laws(load_study(file));
  } catch (const InputError& error) {
    expect_readable(error);
  }
}

}  // namespace wafersim::test
