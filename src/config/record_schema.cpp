// A JSON schema out of the fields of a record.
#include "wafersim/config/record_schema.hpp"

#include <initializer_list>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "config/record_words.hpp"

namespace wafersim {
namespace {

Tree map(const std::vector<std::pair<std::string, Tree>>& entries) {
  Tree tree = make_tree(Tree::Kind::map);
  for (const auto& [key, value] : entries) tree.entries.push_back({.key = key, .key_at = {}, .value = value});
  return tree;
}

Tree list(std::vector<Tree> items) {
  Tree tree = make_tree(Tree::Kind::list);
  tree.items = std::move(items);
  return tree;
}

void put(Tree& tree, std::string key, Tree value) {
  tree.entries.push_back({.key = std::move(key), .key_at = {}, .value = std::move(value)});
}

// A text that is a number and a unit; YAML readers disagree on which numbers are texts, so all may be.
Tree number_text(std::string_view unit) {
  return map({{"type", make_text("string")},
              {"pattern", make_text(fmt::format(R"(^\s*[0-9._]+([eE][+-]?[0-9]+)?\s*{}\s*$)", unit))}});
}

Tree count_schema(const FieldInfo& field) {
  Tree number =
      map({{"type", make_text("integer")}, {"minimum", make_plain(field.low.empty() ? "0" : field.low)}});
  if (!field.high.empty()) put(number, "maximum", make_plain(field.high));
  return map({{"anyOf", list({std::move(number), number_text("")})}});
}

Tree scalar_schema(const FieldInfo& field) {
  switch (field.kind) {
    case ScalarKind::count:
      return count_schema(field);
    case ScalarKind::truth:
      return map({{"type", make_text("boolean")}});
    case ScalarKind::text:
      return map({{"type", make_text("string")}});
    case ScalarKind::size:
      return number_text("([kMGTP]?B|[KMGTP]iB|[kMGTP]?b)");
    case ScalarKind::rate:
      return number_text("([kMGTP]?B|[KMGTP]iB|[kMGTP]?b)/s");
    case ScalarKind::frequency:
      return number_text("[kMG]?Hz");
    case ScalarKind::duration:
      return number_text("(ps|ns|us|ms|s)");
    case ScalarKind::grid:
      return map({{"type", make_text("string")}, {"pattern", make_text(R"(^\s*[0-9_]+\s*x\s*[0-9_]+\s*$)")}});
    case ScalarKind::fraction:
      return map({{"anyOf", list({map({{"type", make_text("number")}, {"minimum", make_plain("0")}}),
                                  number_text("%?")})}});
    case ScalarKind::choice:
      break;
  }
  std::vector<Tree> names;
  for (const std::string& name : field.choices) names.push_back(make_text(name));
  return map({{"enum", list(std::move(names))}});
}

Tree field_schema(const FieldInfo& field, Completeness completeness) {
  Tree schema = field.fields.empty() ? scalar_schema(field) : object_schema(field.fields, completeness);
  if (field.list) schema = map({{"type", make_text("array")}, {"items", std::move(schema)}});
  if (field.optional) {
    std::vector<Tree> ways;
    ways.push_back(std::move(schema));
    ways.push_back(map({{"type", make_text("null")}}));
    if (!field.nothing.empty()) ways.push_back(map({{"const", make_text(field.nothing)}}));
    schema = map({{"anyOf", list(std::move(ways))}});
  }
  const std::string range = words_for_range(field);
  put(schema, "description",
      make_text(range.empty() ? field.help : fmt::format("{} ({})", field.help, range)));
  return schema;
}

}  // namespace

Tree object_schema(std::span<const FieldInfo> fields, Completeness completeness) {
  Tree properties = map({});
  std::vector<Tree> required;
  for (const FieldInfo& field : fields) {
    // The items of a list are never inherited, so they are always complete.
    put(properties, field.name, field_schema(field, field.list ? Completeness::complete : completeness));
    if (field.required && completeness == Completeness::complete) required.push_back(make_text(field.name));
  }
  Tree schema = map({{"type", make_text("object")}, {"properties", std::move(properties)}});
  if (!required.empty()) put(schema, "required", list(std::move(required)));
  put(schema, "additionalProperties", make_plain("false"));
  return schema;
}

Tree file_schema(const std::string& title, std::span<const FieldInfo> fields) {
  Tree inheriting = object_schema(fields, Completeness::inheriting);
  Tree base =
      map({{"type", make_text("string")},
           {"description", make_text("the file, relative to this one, that says what this one leaves out")}});
  std::vector<Tree::Entry>& properties = inheriting.entries[1].value.entries;  // they follow "type"
  properties.insert(properties.begin(), {.key = "base", .key_at = {}, .value = std::move(base)});
  return map({{"$schema", make_text("http://json-schema.org/draft-07/schema#")},
              {"title", make_text(title)},
              {"type", make_text("object")},
              {"if", map({{"required", list({make_text("base")})}})},
              {"then", map({{"$ref", make_text("#/definitions/inheriting")}})},
              {"else", map({{"$ref", make_text("#/definitions/complete")}})},
              {"definitions", map({{"inheriting", std::move(inheriting)},
                                   {"complete", object_schema(fields, Completeness::complete)}})}});
}

}  // namespace wafersim
