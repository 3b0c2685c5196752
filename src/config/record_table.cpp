// A Markdown table out of the fields of a record.
#include <algorithm>

#include <fmt/format.h>

#include "wafersim/config/record_schema.hpp"

#include "config/record_words.hpp"

namespace wafersim {
namespace {

std::string kind_word(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::count:
      return "whole number";
    case ScalarKind::truth:
      return "`true` or `false`";
    case ScalarKind::text:
      return "text";
    case ScalarKind::size:
      return "size";
    case ScalarKind::rate:
      return "rate";
    case ScalarKind::frequency:
      return "frequency";
    case ScalarKind::duration:
      return "time";
    case ScalarKind::grid:
      return "grid";
    case ScalarKind::fraction:
      return "share";
    case ScalarKind::choice:
      break;
  }
  return "word";
}

std::string value_words(const Tree* value) {
  if (value == nullptr || value->kind == Tree::Kind::null) return "";
  return value->kind == Tree::Kind::scalar ? fmt::format("`{}`", value->text) : "…";
}

// A record within the table: its path with a dot at the end, and its part of the example.
struct Section {
  std::string prefix;
  const Tree* example;
};

void add_rows(std::string& out, std::span<const FieldInfo> fields, const Section& section) {
  for (const FieldInfo& field : fields) {
    const std::string path = section.prefix + field.name + (field.list ? "[]" : "");
    const Tree* value = section.example == nullptr ? nullptr : section.example->find(field.name);
    if (!field.fields.empty()) {
      out += fmt::format("| **`{}`** | | | | {} |\n", path, field.help);
      add_rows(out, field.fields, {.prefix = path + ".", .example = value});
    } else {
      out += fmt::format("| `{}` | {} | {} | {} | {} |\n", path, words_for_kind(field),
                         words_for_range(field), value_words(value), field.help);
    }
  }
}

}  // namespace

std::string words_for_kind(const FieldInfo& field) {
  std::string words = kind_word(field.kind);
  if (!field.choices.empty()) {
    words.clear();
    for (const std::string& choice : field.choices)
      words += fmt::format("{}`{}`", words.empty() ? "" : " or ", choice);
  }
  if (field.list) words = "list of " + words;
  if (field.optional) words += field.nothing.empty() ? " or nothing" : fmt::format(" or `{}`", field.nothing);
  return words;
}

std::string words_for_range(const FieldInfo& field) {
  if (field.low.empty() && field.high.empty()) return "";
  if (field.high.empty()) return "at least " + field.low;
  if (field.low.empty()) return "at most " + field.high;
  return fmt::format("{} to {}", field.low, field.high);
}

std::string key_table(std::span<const FieldInfo> fields, const Tree& example,
                      const std::string& example_name) {
  std::string table =
      fmt::format("| key | holds | range | {} | meaning |\n|---|---|---|---|---|\n", example_name);
  add_rows(table, fields, {.prefix = "", .example = &example});
  return table;
}

}  // namespace wafersim
