// Reads a file and the files that it inherits from.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "config/text_check.hpp"
#include "config/tree_parts.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestChain = 32;

// Where the name of a file was written: the command line, or a `base:` in another file.
struct Mention {
  SourceLocation at;
  std::string key;
};

[[noreturn]] void refuse(const Mention& mention, const fs::path& file, const std::string& message) {
  // On the command line, the file itself is the place; in a `base:`, the message has to name it.
  const bool from_base = !mention.key.empty();
  throw InputError{{.at = from_base ? mention.at : SourceLocation{.file = file.string()},
                    .key = mention.key,
                    .message = from_base ? fmt::format("'{}' {}", file.string(), message) : message}};
}

std::string read_file(const fs::path& file, const Mention& mention) {
  std::error_code failure;
  if (fs::is_directory(file, failure)) refuse(mention, file, "is a directory, expected a file");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream{std::fopen(file.c_str(), "rb"), &std::fclose};
  if (!stream) {
    const int reason = errno;
    refuse(mention, file,
           reason == ENOENT ? "no such file" : "cannot be read: " + std::generic_category().message(reason));
  }
  std::string text;
  std::array<char, 65536> block{};
  while (text.size() <= kLargestFile) {
    const std::size_t got = std::fread(block.data(), 1, block.size(), stream.get());
    text.append(block.data(), got);
    if (got < block.size()) break;
  }
  if (std::ferror(stream.get()) != 0)
    refuse(mention, file, "cannot be read: " + std::generic_category().message(errno));
  return text;
}

// The same file under two names is one file.
fs::path identity(const fs::path& file) {
  std::error_code failure;
  fs::path canonical = fs::weakly_canonical(file, failure);
  return failure ? file : canonical;
}

// A file on the way to the root of the inheritance.
struct Visited {
  fs::path identity;
  std::string name;
};

Tree load(const fs::path& file, const Mention& mention, std::vector<Visited>& chain) {
  const fs::path same = identity(file);
  const bool loop =
      std::any_of(chain.begin(), chain.end(), [&](const Visited& v) { return v.identity == same; });
  chain.push_back({.identity = same, .name = file.string()});
  if (loop || chain.size() > kLongestChain) {
    std::string way;
    for (const Visited& visited : chain) way += (way.empty() ? "" : " -> ") + visited.name;
    throw InputError{{.at = mention.at,
                      .key = mention.key,
                      .message = (loop ? "files inherit from each other in a loop: "
                                       : "files inherit from each other too often: ") +
                                 way}};
  }
  Tree tree = parse_tree(read_file(file, mention), file.string());
  if (tree.kind == Tree::Kind::null) refuse({}, file, "is empty, expected YAML");
  if (tree.kind != Tree::Kind::map) {
    const std::string found = tree.kind == Tree::Kind::list ? "a list" : "'" + shorten(tree.text) + "'";
    throw InputError{{.at = tree.at, .key = {}, .message = "expected a map of keys, got " + found}};
  }
  const auto base = std::find_if(tree.entries.begin(), tree.entries.end(),
                                 [](const Tree::Entry& entry) { return entry.key == "base"; });
  if (base == tree.entries.end()) return tree;
  if (base->value.kind != Tree::Kind::scalar || base->value.text.empty())
    throw InputError{{.at = base->value.at, .key = "base", .message = "expected the name of a file"}};
  const Mention here{.at = base->value.at, .key = "base"};
  Tree merged = load((file.parent_path() / base->value.text).lexically_normal(), here, chain);
  tree.entries.erase(base);
  merge_over(merged, std::move(tree));
  return merged;
}

}  // namespace

Tree load_tree(const std::filesystem::path& file) {
  std::vector<Visited> chain;
  return load(file, {}, chain);
}

}  // namespace wafersim
