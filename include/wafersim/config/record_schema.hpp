// What the fields of a record may say, as a JSON schema for editors and as a table for the docs.
#pragma once

#include <span>
#include <string>

#include "wafersim/config/record.hpp"
#include "wafersim/config/tree.hpp"

namespace wafersim {

// Does a file have to say every required key, or does it inherit what it leaves out?
enum class Completeness { complete, inheriting };

// The schema of a map with these fields and no others (draft 7); write it with to_indented_json.
[[nodiscard]] Tree object_schema(std::span<const FieldInfo> fields, Completeness completeness);
// The schema of a file of such a record: complete, unless it has a `base:`.
[[nodiscard]] Tree file_schema(const std::string& title, std::span<const FieldInfo> fields);

// A Markdown table with one row per key: the key, what it holds, its range, its value in `example` (a tree of
// such a record, `example_name` heads the column) and its meaning.
[[nodiscard]] std::string key_table(std::span<const FieldInfo> fields, const Tree& example,
                                    const std::string& example_name);

}  // namespace wafersim
