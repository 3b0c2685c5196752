// The text of a file as a tree of values that remember where they were written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/base/error.hpp"

namespace wafersim {

// YAML (and so JSON) without its traps: duplicate keys, anchors, aliases, tags and several documents are
// refused, and every scalar stays the text that the user wrote.
struct Tree {
  enum class Kind { null, scalar, list, map };
  struct Entry;

  Kind kind{Kind::null};
  SourceLocation at{};
  std::string text{};          // of a scalar
  bool quoted{false};          // the scalar was written in quotes
  std::vector<Tree> items{};   // of a list
  std::vector<Entry> entries;  // of a map, in the order of the file

  [[nodiscard]] const Tree* find(std::string_view key) const;  // nullptr if absent or not a map
};

struct Tree::Entry {
  std::string key;
  SourceLocation key_at;
  Tree value;
};

// Trees that no file wrote: a list, a map or null; a text; a number, a word or a quantity.
[[nodiscard]] Tree make_tree(Tree::Kind kind, SourceLocation at = {});
[[nodiscard]] Tree make_text(std::string text);
[[nodiscard]] Tree make_plain(std::string text);

// Parses one document; `name` is what errors call the file. Throws InputError.
[[nodiscard]] Tree parse_tree(std::string_view text, const std::string& name);

// Reads a file and everything it inherits from: a top-level `base: other.yaml`, relative to the file that
// says so. Maps merge key by key, anything else replaces. Throws InputError: missing, unreadable, a
// directory, empty, not YAML, a loop of bases.
[[nodiscard]] Tree load_tree(const std::filesystem::path& file);

// Sets `key` (a dotted path) to the YAML in `value`, as `--set key=value` does; maps on the way are made, and
// a number picks an item of a list (from 0). Maps merge as they do with `base:`. Errors that are later found
// in it name `origin`. Throws InputError.
void set_value(Tree& root, std::string_view key, std::string_view value, const std::string& origin);

// Compact JSON-compatible text of a tree: scalars that were quoted in the source, or that do not look like a
// number, `true`, `false` or `null`, are written as strings.
[[nodiscard]] std::string to_json(const Tree& tree);
// The same over several lines, for files that people read.
[[nodiscard]] std::string to_indented_json(const Tree& tree);

}  // namespace wafersim
