// Reads and writes the fields of records; what does not depend on a field's type.
#include "wafersim/config/record.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/suggest.hpp"

#include "config/text_check.hpp"
#include "config/tree_parts.hpp"

namespace wafersim {
namespace {

std::string_view name_of(Tree::Kind kind) {
  switch (kind) {
    case Tree::Kind::null:
      return "nothing";
    case Tree::Kind::list:
      return "a list";
    case Tree::Kind::map:
      return "a map of keys";
    case Tree::Kind::scalar:
      break;
  }
  return "a value";
}

std::string found(const Tree& tree) {
  if (tree.kind == Tree::Kind::scalar) return fmt::format("'{}'", shorten(tree.text));
  return std::string{name_of(tree.kind)};
}

}  // namespace

RecordReader::RecordReader(const Tree& tree, std::string path, Problems& problems)
    : tree_{tree}, path_{std::move(path)}, problems_{problems} {
  if (tree.kind != Tree::Kind::map)
    problems_.add(tree.at, path_, fmt::format("expected a map of keys, got {}", found(tree)));
}

std::string RecordReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string{key} : fmt::format("{}.{}", path_, key);
}

const Tree* RecordReader::take(std::string_view key, bool required) {
  known_.emplace_back(key);
  const Tree* tree = tree_.find(key);
  if (tree == nullptr && required) problems_.add(tree_.at, path_of(key), "required key is missing");
  return tree;
}

void RecordReader::finish() {
  std::size_t unknown = 0;
  for (const Tree::Entry& entry : tree_.entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    if (++unknown > kMostProblems) continue;
    const auto near = nearest_word(entry.key, known_);
    problems_.add(entry.key_at, path_of(shorten(entry.key)),
                  near ? fmt::format("unknown key (did you mean '{}'?)", *near) : "unknown key");
  }
  if (unknown > kMostProblems)
    problems_.add(tree_.at, path_, fmt::format("{} more unknown keys", unknown - kMostProblems));
}

bool RecordReader::has_enough_problems() const {
  return problems_.items().size() >= kMostProblems;
}

bool RecordReader::says_nothing(const Tree& tree, std::string_view word) {
  if (tree.kind == Tree::Kind::null) return true;
  return tree.kind == Tree::Kind::scalar && !word.empty() && tree.text == word;
}

bool RecordReader::is_list(const Tree& tree, const std::string& path) {
  if (tree.kind == Tree::Kind::list) return true;
  problems_.add(tree.at, path, fmt::format("expected a list, got {}", found(tree)));
  return false;
}

const std::string* RecordReader::text_of(const Tree& tree, const std::string& path,
                                         std::string_view expected) {
  if (tree.kind == Tree::Kind::scalar) return &tree.text;
  problems_.add(tree.at, path, fmt::format("expected {}, got {}", expected, found(tree)));
  return nullptr;
}

std::string RecordReader::in_one_line(const std::string& problem, const std::string& text,
                                      std::string_view expected) {
  const std::string shortened = shorten(text);
  return shortened == text ? problem : fmt::format("expected {}, got '{}'", expected, shortened);
}

Tree TreeWriter::nothing(std::string_view word) {
  if (word.empty()) return {};
  return make_plain(std::string{word});
}

void TreeWriter::add(std::string_view key, Tree value) {
  tree_.entries.push_back({.key = std::string{key}, .key_at = {}, .value = std::move(value)});
}

}  // namespace wafersim
