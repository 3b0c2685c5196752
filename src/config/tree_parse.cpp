// Turns the events of yaml-cpp into a tree, and refuses what makes YAML ambiguous.
#include <sstream>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "config/text_check.hpp"
#include "config/tree_parts.hpp"

namespace wafersim {
namespace {

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string name) : name_{std::move(name)} {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) {
      refuse(mark, "text after the end of the document (a file holds one YAML document)");
      problems_.throw_if_any();
    }
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_anchor(mark, anchor);
    if (expects_key()) return bad_key(mark, "nothing");
    put(make_tree(Tree::Kind::null, place(mark)));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, "aliases (*name) are not supported; write the value out, or quote it if the '*' is text");
    if (expects_key()) return bad_key(mark, "an alias");
    put(make_tree(Tree::Kind::null, place(mark)));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    if (value.find('\0') != std::string::npos) refuse(mark, "a NUL character is not allowed");
    if (expects_key()) return take_key(mark, value);
    Tree scalar = tag == "!" ? make_text(value) : make_plain(value);
    scalar.at = place(mark);
    put(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, Tree::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, Tree::Kind::map);
  }
  void OnMapEnd() override { close(); }

  void syntax_error(const YAML::Exception& error) {
    if (error.mark.is_null()) {
      problems_.add({.file = name_}, "", "not valid YAML: " + one_line(error.msg));
    } else {
      refuse(error.mark, "not valid YAML: " + one_line(error.msg));
    }
  }
  [[nodiscard]] Tree finish() {
    problems_.throw_if_any();
    if (!started_) problems_.add({.file = name_}, "", "is empty, expected YAML");
    problems_.throw_if_any();
    return std::move(root_);
  }

 private:
  // A list or map that is still being filled.
  struct Open {
    Tree tree;
    bool has_key{false};
    std::string key{};
    SourceLocation key_at{};
    std::unordered_set<std::string> keys{};
  };

  [[nodiscard]] SourceLocation place(const YAML::Mark& mark) const {
    return {.file = name_,
            .line = static_cast<std::uint32_t>(mark.line + 1),
            .column = static_cast<std::uint32_t>(mark.column + 1)};
  }
  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().tree.kind == Tree::Kind::map && !open_.back().has_key;
  }
  // The dotted path of the value that comes next.
  [[nodiscard]] std::string path() const {
    std::string text;
    for (const Open& open : open_) {
      if (open.has_key) text += (text.empty() ? "" : ".") + shorten(open.key);
    }
    return text;
  }
  void refuse(const YAML::Mark& mark, std::string message) {
    problems_.add(place(mark), path(), std::move(message));
    if (problems_.items().size() >= kMostProblems) problems_.throw_if_any();
  }
  void check_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "anchors (&name) are not supported; use 'base:' to share values");
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    // yaml-cpp gives "?" to plain and "!" to quoted scalars that have no tag of their own.
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(mark, fmt::format("tags ({}) are not supported", shorten(tag)));
  }
  void bad_key(const YAML::Mark& mark, const char* found) {
    refuse(mark, fmt::format("expected a word as key, got {}", found));
    open_.back().has_key = true;
    open_.back().key.clear();
    open_.back().key_at = place(mark);
  }
  void take_key(const YAML::Mark& mark, const std::string& key) {
    Open& map = open_.back();
    if (!map.keys.insert(key).second) {
      const std::string parent = path();
      problems_.add(place(mark), parent + (parent.empty() ? "" : ".") + shorten(key),
                    fmt::format("duplicate key, already set at line {}", first_line(map.tree, key)));
      if (problems_.items().size() >= kMostProblems) problems_.throw_if_any();
    }
    map.has_key = true;
    map.key = key;
    map.key_at = place(mark);
  }
  static std::uint32_t first_line(const Tree& map, const std::string& key) {
    for (const Tree::Entry& entry : map.entries) {
      if (entry.key == key) return entry.key_at.line;
    }
    return 0;
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Tree::Kind kind) {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    if (expects_key()) {
      refuse(mark, fmt::format("expected a word as key, got a {} or a bracket that is never closed",
                               kind == Tree::Kind::map ? "map" : "list"));
      problems_.throw_if_any();
    }
    if (open_.size() == kDeepest) {
      refuse(mark, fmt::format("nested deeper than {} levels", kDeepest));
      problems_.throw_if_any();
    }
    open_.push_back({.tree = make_tree(kind, place(mark))});
  }
  void close() {
    Tree tree = std::move(open_.back().tree);
    open_.pop_back();
    put(std::move(tree));
  }
  void put(Tree tree) {
    if (++values_ > kMostValues) {
      problems_.add(tree.at, "", fmt::format("more than {} values in one file", kMostValues));
      problems_.throw_if_any();
    }
    if (open_.empty()) {
      root_ = std::move(tree);
    } else if (Open& parent = open_.back(); parent.tree.kind == Tree::Kind::list) {
      parent.tree.items.push_back(std::move(tree));
    } else {
      // yaml-cpp places a value that is left out at whatever comes next, lines further down.
      if (tree.kind == Tree::Kind::null) tree.at = parent.key_at;
      parent.tree.entries.push_back(
          {.key = std::move(parent.key), .key_at = std::move(parent.key_at), .value = std::move(tree)});
      parent.has_key = false;
    }
  }

  std::string name_;
  Problems problems_;
  Tree root_;
  std::vector<Open> open_;
  std::size_t values_{0};
  bool started_{false};
};

}  // namespace

Tree parse_tree(std::string_view text, const std::string& name) {
  std::istringstream stream{checked_text(text, name)};
  TreeBuilder builder{name};
  try {
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    builder.syntax_error(error);
  }
  return builder.finish();
}

}  // namespace wafersim
