// Looks up, merges and overrides values in a tree.
#include "wafersim/config/tree.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "wafersim/base/parse.hpp"

#include "config/text_check.hpp"
#include "config/tree_parts.hpp"

namespace wafersim {
namespace {

Tree* find_mutable(Tree& map, std::string_view key) {
  const auto entry = std::find_if(map.entries.begin(), map.entries.end(),
                                  [&](const Tree::Entry& e) { return e.key == key; });
  return entry == map.entries.end() ? nullptr : &entry->value;
}

// The value of a key, made if need be, or the item at a position that the list has; nullptr otherwise.
Tree* step_into(Tree& tree, const std::string& name, const SourceLocation& at) {
  if (tree.kind == Tree::Kind::null) tree = make_tree(Tree::Kind::map, at);
  if (tree.kind == Tree::Kind::list) {
    const Parsed<std::uint64_t> position = parse_count(name);
    return position.value && *position.value < tree.items.size() ? &tree.items[*position.value] : nullptr;
  }
  if (tree.kind != Tree::Kind::map) return nullptr;
  if (Tree* value = find_mutable(tree, name)) return value;
  tree.entries.push_back({.key = name, .key_at = at, .value = make_tree(Tree::Kind::null, at)});
  return &tree.entries.back().value;
}

// Why step_into found nothing.
std::string dead_end(const Tree& tree, const std::string& path, const std::string& name) {
  if (tree.kind != Tree::Kind::list)
    return fmt::format("'{}' holds a value, not a map of keys", shorten(path));
  return fmt::format("'{}' is a list, and '{}' is none of its {} positions", shorten(path), shorten(name),
                     tree.items.size());
}

void place_everywhere(Tree& tree, const SourceLocation& at) {
  tree.at = at;
  for (Tree& item : tree.items) place_everywhere(item, at);
  for (Tree::Entry& entry : tree.entries) {
    entry.key_at = at;
    place_everywhere(entry.value, at);
  }
}

std::vector<std::string> split_path(std::string_view key, const std::string& origin) {
  const auto refuse = [&](std::string message) {
    throw InputError{{.at = {.file = origin}, .key = shorten(key), .message = std::move(message)}};
  };
  std::vector<std::string> names;
  for (std::string_view rest = key;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view name = rest.substr(0, dot);
    if (name.empty()) refuse("expected a key such as 'wafer.clock'");
    if (names.size() == kDeepest) refuse(fmt::format("nested deeper than {} levels", kDeepest));
    names.emplace_back(name);
    if (dot == std::string_view::npos) return names;
    rest.remove_prefix(dot + 1);
  }
}

// The value is read as one line of YAML; an error in it names the key, and no line or column.
Tree read_override(std::string_view key, std::string_view value, const std::string& origin) {
  const SourceLocation nowhere{.file = origin};
  try {
    Tree tree = parse_tree(value, origin);
    place_everywhere(tree, nowhere);
    return tree;
  } catch (const InputError& error) {
    std::vector<Problem> problems = error.problems();
    for (Problem& problem : problems) {
      problem.at = nowhere;
      problem.key = shorten(key);
    }
    throw InputError{std::move(problems)};
  }
}

}  // namespace

const Tree* Tree::find(std::string_view key) const {
  const auto entry =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return entry == entries.end() ? nullptr : &entry->value;
}

Tree make_tree(Tree::Kind kind, SourceLocation at) {
  Tree tree;
  tree.kind = kind;
  tree.at = std::move(at);
  return tree;
}

Tree make_text(std::string text) {
  Tree tree = make_plain(std::move(text));
  tree.quoted = true;
  return tree;
}

Tree make_plain(std::string text) {
  Tree tree = make_tree(Tree::Kind::scalar);
  tree.text = std::move(text);
  return tree;
}

void merge_over(Tree& base, Tree&& over) {
  if (base.kind != Tree::Kind::map || over.kind != Tree::Kind::map) {
    base = std::move(over);
    return;
  }
  base.at = over.at;
  // The index looks into the base's keys, which therefore must not move; keys of `over` are unique already.
  base.entries.reserve(base.entries.size() + over.entries.size());
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < base.entries.size(); ++i) index.emplace(base.entries[i].key, i);
  for (Tree::Entry& entry : over.entries) {
    const auto same = index.find(entry.key);
    if (same == index.end()) {
      base.entries.push_back(std::move(entry));
    } else {
      base.entries[same->second].key_at = entry.key_at;
      merge_over(base.entries[same->second].value, std::move(entry.value));
    }
  }
}

void set_value(Tree& root, std::string_view key, std::string_view value, const std::string& origin) {
  const std::vector<std::string> names = split_path(key, origin);
  Tree tree = read_override(key, value, origin);
  const SourceLocation at{.file = origin};
  Tree* here = &root;
  std::string path;
  for (const std::string& name : names) {
    Tree* next = step_into(*here, name, at);
    if (next == nullptr)
      throw InputError{{.at = at, .key = shorten(key), .message = dead_end(*here, path, name)}};
    here = next;
    path += (path.empty() ? "" : ".") + name;
  }
  merge_over(*here, std::move(tree));
}

}  // namespace wafersim
